import { Attributes, equal, TemplateError, Undefined, type Callable, type Value } from './values.ts';

/** `loop` in a `for`. */
export class Loop extends Attributes {
  index0 = 0;
  private readonly list: Value[];
  private readonly depth0: number;
  private seen: Value[] | undefined;
  declare readonly call?: Callable;

  constructor(list: Value[], depth0: number, recurse?: Callable) {
    super();
    this.list = list;
    this.depth0 = depth0;
    if (recurse) this.call = recurse;
  }

  attribute(name: string): Value | undefined {
    const { index0, list } = this;
    switch (name) {
      case 'index':
        return index0 + 1;
      case 'index0':
        return index0;
      case 'revindex':
        return list.length - index0;
      case 'revindex0':
        return list.length - index0 - 1;
      case 'first':
        return index0 === 0;
      case 'last':
        return index0 === list.length - 1;
      case 'length':
        return list.length;
      case 'depth':
        return this.depth0 + 1;
      case 'depth0':
        return this.depth0;
      case 'previtem':
        return index0 === 0 ? new Undefined('there is no previous item') : list[index0 - 1]!;
      case 'nextitem':
        return index0 + 1 === list.length ? new Undefined('there is no next item') : list[index0 + 1]!;
      case 'cycle':
        return (args) => {
          if (args.length === 0) throw new TemplateError('no items for cycling given');
          return args[index0 % args.length]!;
        };
      case 'changed':
        return (args) => {
          const same = this.seen !== undefined && equal(this.seen, args);
          this.seen = args;
          return !same;
        };
      default:
        return undefined;
    }
  }
}
