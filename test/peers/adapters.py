"""PEFT adapters as the other scripts here build them: `add_adapter_arguments` and `adapter_config`."""

from peft import LoraConfig, VeraConfig

ALL_LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def add_adapter_arguments(parser):
    parser.add_argument("--method", choices=["vera", "lora"], default="vera")
    parser.add_argument("--rank", type=int, default=256)
    parser.add_argument("--targets", default="q_proj,v_proj", help="names with commas, or all-linear")
    parser.add_argument("--key", type=int, default=0, help="VeRA's projection_prng_key")
    parser.add_argument("--alpha", type=float, help="LoRA's alpha; default: the rank")
    parser.add_argument("--save-projection", choices=["true", "false"], default="true", help="VeRA: whether A and B are saved")


def targets_of(args):
    return ALL_LINEAR if args.targets == "all-linear" else args.targets.split(",")


def adapter_config(args):
    common = {"r": args.rank, "target_modules": targets_of(args), "task_type": "CAUSAL_LM"}
    if args.method == "lora":
        return LoraConfig(**common, lora_alpha=args.alpha if args.alpha is not None else args.rank, lora_dropout=0.0)
    return VeraConfig(
        **common, projection_prng_key=args.key, save_projection=args.save_projection == "true", vera_dropout=0.0
    )
