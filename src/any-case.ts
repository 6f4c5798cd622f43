/** A name in upper or in lower case; parsers take it in any. */
export type AnyCase<Name extends string> = Name | Uppercase<Name> | Lowercase<Name>;
