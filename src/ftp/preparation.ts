/** What a command leaves for one that follows. */
export type Preparation =
  | { readonly kind: 'rename'; readonly from: string }
  | { readonly kind: 'restart'; readonly offset: number }
  /** Of bytes, the last one included. */
  | { readonly kind: 'range'; readonly start: number; readonly end: number };

const keeping: ReadonlySet<string> = new Set(
  'ALLO EPRT EPSV FEAT MDTM MODE NOOP OPTS PASV PORT PWD SITE SIZE STAT STRU SYST TYPE XPWD'.split(' '),
);

/**
 * Whether a command in between leaves it. Between REST and its transfer, or RNFR and RNTO, clients set up the data
 * connection and ask things; to forget an offset then would make a new file out of the rest of one.
 */
export function keepsPreparation(verb: string | undefined): boolean {
  return verb !== undefined && keeping.has(verb);
}
