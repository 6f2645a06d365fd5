/**
 * The words of documents: what an edit carries and what a projection shows. Their JSON is that of the Rust crate
 * (`documents::{edit, value, project, conflict}`), byte for byte of meaning.
 */

/** What a document is; the numbers of `KIND_CODES` stand on the wire. */
export type Kind = "case" | "movement" | "household" | "annex" | "link" | "referral";

export const KIND_CODES: Readonly<Record<Kind, number>> = {
  case: 1,
  movement: 2,
  household: 3,
  annex: 4,
  link: 5,
  referral: 6,
};

/** Why there is no value; reports keep these apart. */
export type State = "does_not_know" | "refused" | "not_asked" | "ask_later";

export interface Birth {
  readonly precision: "day" | "month" | "year" | "approximate" | "age_only";
  /** A date as exact as the precision (`1991`, `1991-04`, `1991-04-30`), or an age in whole years. */
  readonly value: string;
  readonly source: "document" | "declared" | "estimated";
  /** The day on which it was said. */
  readonly as_of?: string;
}

/** A place of a code list: codes mean other places in other years. */
export interface PlaceCode {
  readonly code: string;
  readonly scheme: string;
  readonly vintage: number;
}

/** When something happened: `2024-04`, `2024-04-30` or `2024-04-30T14:25` (UTC). */
export interface When {
  readonly at: string;
  readonly source: "clock" | "declared" | "paper";
}

/** An entry of some case. */
export interface EntryRef {
  readonly case: string;
  readonly group: string;
  readonly entry: string;
}

export type Value = boolean | number | string | Birth | PlaceCode | When | EntryRef | readonly string[];

/** A value, or why there is none. */
export type Answer = Value | { readonly state: State };

/** One thing that a person did to a document. Entry ids: eight random bytes as 11 characters of base64url. */
export type Edit =
  | { readonly edit: "set"; readonly field: string; readonly value: Answer }
  | {
      readonly edit: "add";
      readonly group: string;
      readonly entry: string;
      readonly values: Readonly<Record<string, Answer>>;
      readonly at?: When;
      readonly from?: EntryRef;
    }
  | { readonly edit: "amend"; readonly group: string; readonly entry: string; readonly field: string; readonly value: Answer }
  | {
      readonly edit: "rewrite";
      readonly group: string;
      readonly entry: string;
      readonly field: string;
      readonly before: string;
      readonly after: string;
    }
  | { readonly edit: "void"; readonly group: string; readonly entry: string; readonly reason: string; readonly to?: EntryRef }
  | { readonly edit: "decide"; readonly group: string; readonly entry: string; readonly stands: boolean }
  | { readonly edit: "include"; readonly set: string; readonly member: string; readonly value?: Answer }
  | { readonly edit: "exclude"; readonly set: string; readonly member: string };

/** What people read, in both languages. */
export interface Label {
  readonly fr: string;
  readonly en: string;
}

export interface FieldView {
  readonly value: Answer;
  /** When it was entered, by that device's clock: milliseconds since 1970, to the second. */
  readonly at: number;
  /** The actor: 16 bytes in hexadecimal, of which the first 8 are the lease's prefix. */
  readonly by: string;
  readonly conflict?: true;
  readonly source?: string;
}

export interface EntryView {
  readonly entry: string;
  readonly standing: "stands" | "voided" | "disputed";
  readonly happened?: When;
  readonly at: number;
  readonly by: string;
  readonly source?: string;
  readonly fields: Readonly<Record<string, FieldView>>;
  readonly void?: FieldView;
  readonly copied_to?: EntryRef;
  readonly copied_from?: EntryRef;
}

/** A group of scalars or a set: by field or member. A group of entries: a list, oldest first. */
export type GroupView = Readonly<Record<string, FieldView>> | readonly EntryView[];

export interface Flag {
  readonly path: string;
  readonly code: string;
  readonly message: Label;
}

/** A document as plain data. */
export interface Projection {
  readonly kind: Kind;
  readonly version: number;
  readonly groups: Readonly<Record<string, GroupView>>;
  /** What the merge rules make of the groups; its shape depends on the kind. */
  readonly derived: Readonly<Record<string, unknown>>;
  readonly flags: readonly Flag[];
  readonly unknown: readonly string[];
}

/** A field with more than one value. */
export interface Conflict {
  readonly path: string;
  readonly label: Label;
  readonly values: readonly {
    readonly value: Answer;
    readonly change: string;
    readonly actor: string;
    readonly at: number;
    readonly winner: boolean;
  }[];
}

export interface Item {
  readonly code: string;
  readonly fr: string;
  readonly en: string;
  /** Other spellings that clerks use. */
  readonly also: readonly string[];
}

export interface Place extends PlaceCode {
  readonly name: string;
}

/** Sites, code lists and places, as the hub signed them. */
export interface Configuration {
  readonly version: number;
  readonly sites: readonly { readonly code: string; readonly name: string }[];
  /** By name, e.g. `countries`; the schema says which field uses which. */
  readonly lists: Readonly<Record<string, readonly Item[]>>;
  readonly places: readonly Place[];
}
