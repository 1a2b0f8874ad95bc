/** A step of the catalog's schema. Once released it never changes; what comes later is a new one at the end of the list. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}
