/**
 * Conversions, through SITE like what `reports.ts` describes; for the owner. Nothing is waited for:
 *
 *   SITE CONVERT path          begins to give what is at the path (all files: `/`) the layout of new files
 *   SITE CONVERT -status 3     how far conversion 3 is
 *   SITE CONVERT -stop 3       ends it; a file that is half done stays as it was
 */
import * as v from 'valibot';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

export const conversionReport = v.object({
  kind: v.literal('conversion'),
  id: count,
  path: v.string(),
  /** The layout that files get, such as `2+1`. */
  layout: v.string(),
  state: v.picklist(['running', 'done', 'stopped']),
  /** Files looked at so far, each in one of the following. */
  files: count,
  converted: count,
  /** Had the layout already. */
  unchanged: count,
  /** Were replaced, lengthened or deleted by somebody meanwhile, and so have what they were given then. */
  overtaken: count,
  failed: count,
  /** Of what was converted. */
  bytes: count,
  /** The file that is being converted. */
  current: v.optional(v.string()),
  /** The first few files that failed, and why, in words for a person. */
  failures: v.array(v.object({ path: v.string(), reason: v.string() })),
});
export type ConversionReport = v.InferOutput<typeof conversionReport>;
