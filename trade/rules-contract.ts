import { oc } from '@orpc/contract';
import { z } from 'zod';
import { Country, Day, Identifier, Uuid } from '../values/schema.ts';
import { ControlView, PackStanding } from './measures/answer-view.ts';
import { DIRECTIONS } from './measures/measure.ts';
import { SectionName } from './section.ts';

/** A dossier held against members' rules. */

/** `by`: papers that meet it; a certificate in the log stands in no section. `path`: where in the filing to act on it. */
const RuleView = ControlView.extend({
  by: z.array(z.object({ code: z.string(), number: z.string(), section: SectionName.nullable() })),
  path: z.string(),
});
export type RuleView = z.infer<typeof RuleView>;

export const StageRules = z.object({
  member: Country,
  direction: z.enum(DIRECTIONS),
  pack: PackStanding,
  rules: z.array(RuleView),
  /** What is not known of papers and controls, never to be read as not needed. */
  unknown: z.array(z.object({ code: z.string(), item: z.int().nullable(), params: z.record(z.string(), z.string()) })),
});
export type StageRules = z.infer<typeof StageRules>;

const DossierRules = z.object({
  on: Day,
  /** Sections that the reader does not see or that are not here: their papers are not known. */
  closed: z.array(SectionName),
  stages: z.array(StageRules),
  /** What authorities declared by records: a release waits for these. */
  declared: z.array(
    z.object({
      requirement: Identifier,
      member: Country,
      authority: Identifier,
      source: z.string(),
      asked: z.array(z.object({ kind: z.string(), what: z.string(), missing: z.boolean() })),
    }),
  ),
});
export type DossierRules = z.infer<typeof DossierRules>;

export const rulesContract = {
  dossierRules: oc
    .$route({ tags: ['trade'] })
    .route({
      method: 'GET',
      path: '/dossiers/{dossier}/rules',
      summary: "A dossier held against members' rules: which paper meets what; to an authority its own member's",
    })
    .input(z.strictObject({ dossier: Uuid }))
    .output(DossierRules),
};
