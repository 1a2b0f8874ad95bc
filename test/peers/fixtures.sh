#!/usr/bin/env bash
# Makes everything in test/fixtures that comes from transformers and PEFT. usage: test/peers/fixtures.sh [PYTHON]
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${1:-test/.venv/bin/python}
fixtures=test/fixtures
peers=test/peers

"$python" $fixtures/projection/make.py
"$python" $peers/tiny_model.py $fixtures/models

# adapters/NAME: a PEFT folder, base.txt naming its model, logits.f32 of that model's ids.json with the adapter.
adapter() {
  local name=$1 model=$2
  shift 2
  rm -rf "$fixtures/adapters/$name"
  "$python" $peers/make_adapter.py "$fixtures/models/$model" "$fixtures/adapters/$name" "$@"
  rm -f "$fixtures/adapters/$name/README.md"
  echo "$model" > "$fixtures/adapters/$name/base.txt"
  "$python" -c "import json, sys; print(json.dumps(json.load(open(sys.argv[1]))['ids']))" \
    "$fixtures/models/$model/ids.json" > "$fixtures/adapters/ids.json"
  "$python" $peers/logits.py "$fixtures/models/$model" "$fixtures/adapters/ids.json" \
    "$fixtures/adapters/$name/logits.f32" --adapter "$fixtures/adapters/$name"
  rm "$fixtures/adapters/ids.json"
}
adapter vera-qv-seed-only llama-gqa-tied-bf16 --method vera --rank 8 --targets q_proj,v_proj --key 7 --save-projection false
adapter vera-all-linear-full qwen2 --method vera --rank 6 --targets all-linear --key 0 --save-projection true
adapter lora-qv llama3-rope --method lora --rank 4 --alpha 16 --targets q_proj,v_proj
adapter lora-all-linear llama --method lora --rank 3 --alpha 3 --targets all-linear

# curves/NAME.json: model, ids (rows of 17), settings, and PEFT's loss at each step of Adam.
curve() {
  local name=$1 model=$2
  shift 2
  "$python" $peers/curve_fixture.py "$fixtures/models/$model" "$fixtures/curves/$name.json" "$@"
}
curve vera-qv llama-gqa-tied-bf16 --lr 0.02 --method vera --rank 8 --targets q_proj,v_proj
curve vera-all-linear qwen2 --lr 0.02 --method vera --rank 6 --targets all-linear --key 3
curve vera-decay llama --lr 0.02 --method vera --rank 8 --targets q_proj,v_proj --weight-decay 0.1
curve lora-qv llama3-rope --lr 0.005 --method lora --init "$fixtures/adapters/lora-qv"

# The same of a real model, where it is there (test/models/fetch.sh).
gguf=test/.models/SmolLM2-135M-Instruct.Q4_1.gguf
if [ -f "$gguf" ]; then
  converted=$(mktemp -d)
  trap 'rm -rf "$converted"' EXIT
  node -e 'import("./daemon/models/gguf/convert.ts").then(({ ggufToFolder }) => ggufToFolder(...process.argv.slice(1)))' \
    "$gguf" "$converted/model"
  "$python" $peers/curve_fixture.py "$converted/model" "$fixtures/curves/smollm2-vera-qv.json" \
    --name SmolLM2-135M-Instruct --text LICENSE --count 24 --length 32 --steps 40 --rows 2 \
    --lr 0.01 --method vera --rank 256 --targets q_proj,v_proj --key 0
fi
