import type { Graph } from './graph.ts';
import type { Attribute, ElementType, Node, Shape, Value } from './value.ts';

export interface Inferred {
  readonly type: ElementType;
  readonly shape: Shape;
}

/** What a rule sees of the node it is asked about. */
export interface RuleArguments {
  /** Inputs that are present; a rule of an operator with optional inputs reads `node.inputs` instead. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly gradients: readonly (Value | undefined)[];
  readonly node: Node;
}

export interface OperatorRules {
  /** ONNX operator domain; the default domain when absent. */
  readonly domain?: string;
  /** Types and shapes of the outputs. Throws where the inputs do not fit. */
  readonly shape: (inputs: readonly Value[], attributes: Readonly<Record<string, Attribute>>) => readonly Inferred[];
  /** One gradient per input (undefined: none flows there), from the gradients of the outputs. */
  readonly gradient?: (g: Graph, args: RuleArguments) => readonly (Value | undefined)[];
  /** For an operator that ONNX lacks: the same outputs out of operators that it has. */
  readonly lower?: (g: Graph, node: Node) => readonly Value[];
  /** True where computing it again costs less than keeping it in memory from forward to backward. */
  readonly cheap?: boolean;
}

export interface Operator extends OperatorRules {
  readonly type: string;
}

/** An operator is a name with rules attached: shape, gradient and, where ONNX lacks it, how it is lowered. */
export function defineOperator(type: string, rules: OperatorRules): Operator {
  return { type, ...rules };
}

export function number(attributes: Readonly<Record<string, Attribute>>, name: string, fallback: number): number {
  const value = attributes[name];
  if (typeof value === 'number') return value;
  if (typeof value === 'object' && 'float' in value) return value.float;
  return fallback;
}

export function numbers(attributes: Readonly<Record<string, Attribute>>, name: string): readonly number[] {
  const value = attributes[name];
  return Array.isArray(value) ? (value as readonly number[]) : [];
}
