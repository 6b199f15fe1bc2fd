import { implement } from '@orpc/server';
import type { Receipt } from '../ledger/ledger.ts';
import type { RequestContext } from '../members/context.ts';
import { requireOperator } from '../members/mandate.ts';
import { type Finding, Refusal } from '../values/refusal.ts';
import {
  accepted,
  append,
  inForce,
  newId,
  readerOf,
  refuseFindings,
  requireVersion,
  sealingContext,
  sealOne,
} from './acting.ts';
import { type Amendment, DossierFiling, tradeContract } from './contract.ts';
import { checkDossier } from './dossier.ts';
import { readDossierTable } from './dossier-table.ts';
import { type CurrentDossier, sealAmendment, sealFiling } from './filing.ts';
import { readItemTable } from './item-table.ts';
import type { FileReference, SectionContents, SectionName, TradeDocument } from './section.ts';
import type { DossierState } from './state.ts';
import {
  allRequirements,
  dossierUnknown,
  findAttachment,
  findDossier,
  getDossierState,
  listDossiers,
  movementsOf,
} from './store.ts';
import { dossierView, maySee } from './view.ts';

const os = implement(tradeContract).$context<RequestContext>();

const today = ({ clock }: RequestContext): string => clock().toISOString().slice(0, 10);

/** A record may only name a file that was uploaded here with these very properties. */
export async function checkFiles(
  { sql }: Pick<RequestContext, 'sql'>,
  files: readonly FileReference[],
  path: string,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [i, { name, hash, size, mediaType, salt }] of files.entries()) {
    const held = await findAttachment(sql, hash);
    if (held?.state === 'present' && held.size === size && held.mediaType === mediaType && held.salt === salt) continue;
    findings.push({
      path: `${path}/${i}`,
      code: 'file-not-uploaded',
      message: `The file ${name} was not uploaded here, or as something else.`,
      params: { name },
    });
  }
  return findings;
}

const documentsOf = (section: unknown): readonly TradeDocument[] =>
  (section as { documents?: readonly TradeDocument[] } | undefined)?.documents ?? [];

/** Findings on what is filed, files included. */
export async function findingsOn(
  context: RequestContext,
  filing: Pick<DossierFiling, 'route' | 'sections' | 'audiences'>,
): Promise<Finding[]> {
  const findings = checkDossier(filing, { registry: context.registry, member: context.member, asOf: today(context) });
  for (const [name, section] of Object.entries(filing.sections)) {
    // By its place among the documents: that is where the client put it.
    for (const [i, document] of documentsOf(section).entries()) {
      if (document.file === undefined) continue;
      const [wrong] = await checkFiles(context, [document.file], '');
      if (wrong !== undefined) findings.push({ ...wrong, path: `/sections/${name}/documents/${i}/file` });
    }
  }
  return findings;
}

/** Findings on an input that may not even have the form of a filing. */
export function formFindings(
  issues: readonly {
    readonly path: readonly PropertyKey[];
    readonly code?: string | undefined;
    readonly message: string;
    readonly keys?: unknown;
  }[],
): Finding[] {
  return issues.slice(0, 100).map((issue) => ({
    path: `/${issue.path.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`,
    code: issue.code === 'unrecognized_keys' ? 'unknown-field' : 'form-wrong',
    message: issue.message,
  }));
}

function filingReceipt(receipt: Receipt, dossier: string, version: number) {
  const manifest = receipt.records.find(({ type }) => type === 'manifest');
  if (manifest === undefined) throw new Error('a filing without a manifest');
  return {
    dossier,
    version,
    manifest: manifest.commitment,
    records: [...receipt.records],
    sequencedAt: receipt.sequencedAt,
    repeated: receipt.repeated,
  };
}

async function file(context: RequestContext, input: DossierFiling) {
  const { caller, delegations, clock, sql } = context;
  const operator = requireOperator(
    caller,
    { scope: 'file', onBehalfOf: input.onBehalfOf, dossier: input.dossier },
    delegations,
    clock(),
  );
  const dossier = input.dossier ?? newId(context, 'dossier');
  const receipt = await append(context, 'file', input, async () => {
    refuseFindings(await findingsOn(context, input));
    // An id that another member's dossier has would make both contradictory.
    if ((await findDossier(sql, dossier)) !== undefined) {
      throw new Refusal(409, 'already-filed', 'A dossier with this id is filed already.', {
        params: { dossier },
        remedy: 'Amend it, or leave the id to the node.',
      });
    }
    return sealFiling({ ...input, dossier }, operator, sealingContext(context));
  });
  return filingReceipt(receipt, dossier, 1);
}

const fileDossier = os.fileDossier.handler(({ input, context }) => file(context, input));

const importDossiers = os.importDossiers.handler(async ({ input, context }) => {
  requireOperator(context.caller, { scope: 'file' }, context.delegations, context.clock());
  const faults: unknown[] = [];
  // All at once: what is accepted shares one transaction and one flush to disk.
  const results = await Promise.all(
    input.dossiers.map(async (candidate, i) => {
      const row = i + 1;
      try {
        const parsed = DossierFiling.safeParse(candidate);
        if (!parsed.success) {
          throw new Refusal(422, 'findings', 'The dossier does not have the form of a filing.', {
            findings: formFindings(parsed.error.issues),
          });
        }
        const own =
          context.idempotencyKey === undefined
            ? context
            : { ...context, idempotencyKey: `${context.idempotencyKey}/${row}` };
        return { row, receipt: await file(own, parsed.data) };
      } catch (error) {
        if (error instanceof Refusal)
          return { row, refusal: { code: error.code, detail: error.message, findings: [...error.findings] } };
        // The other rows may be in the log already: a failed answer would hide their receipts.
        context.reportFault(`import row ${row}`, error);
        faults.push(error);
        return { row, refusal: { code: 'internal', detail: 'The node failed; send this row again.', findings: [] } };
      }
    }),
  );
  // No row has an answer to keep: the node itself is out of order, and says so.
  if (faults.length === results.length) throw faults[0];
  const count = results.filter((one) => 'receipt' in one).length;
  return { accepted: count, refused: results.length - count, results };
});

const parseDossiers = os.parseDossiers.handler(({ input, context }) => {
  requireOperator(context.caller, { scope: 'file' }, context.delegations, context.clock());
  const { dossiers, findings } = readDossierTable(input.csv);
  return { dossiers: [...dossiers], findings: [...findings] };
});

const parseItems = os.parseItems.handler(({ input, context }) => {
  requireOperator(context.caller, { scope: 'file' }, context.delegations, context.clock());
  return readItemTable(input.csv);
});

const list = os.listDossiers.handler(({ input, context }) =>
  context.reading((sql) => listDossiers(sql, readerOf(context), input)),
);

const get = os.getDossier.handler(async ({ input, context }) => {
  const { sql, ledger, origin } = context;
  const row = await findDossier(sql, input.dossier);
  const reader = readerOf(context);
  const view =
    row &&
    dossierView({
      ...row,
      movements: await movementsOf(sql, input.dossier),
      reader,
      publication: (record) => (record.origin === origin ? ledger.publicationOf(record.index) : 'published'),
      requirements: await allRequirements(sql),
      asOf: today(context),
    });
  if (view === undefined) throw dossierUnknown(input.dossier);
  return view;
});

/** The caller's dossier, to be changed; what is not its own is answered as if it did not exist. */
export async function ownDossier(
  context: RequestContext,
  dossier: string,
  scope: 'amend' | 'withdraw' | 'answer' | 'appeal',
): Promise<{ state: DossierState; operator: string }> {
  const { caller, delegations, clock, sql, member } = context;
  requireOperator(caller, { scope }, delegations, clock());
  const state = await getDossierState(sql, dossier);
  if (state.member !== member) throw dossierUnknown(dossier);
  try {
    return {
      state,
      operator: requireOperator(caller, { scope, onBehalfOf: state.operator, dossier }, delegations, clock()),
    };
  } catch (error) {
    throw maySee(readerOf(context), state) ? error : dossierUnknown(dossier);
  }
}

/** The sections as they would stand after the amendment, for the same checks as a filing. */
function amended(amendment: Amendment, contents: CurrentDossier['contents']): SectionContents {
  // Of an erased section nothing is here to be checked; it stays named as it is.
  const sections: Record<string, unknown> = Object.fromEntries(
    Object.entries(contents).filter(([, content]) => content !== null),
  );
  for (const [name, change] of Object.entries(amendment.sections)) {
    if (change === null) delete sections[name];
    else if (change !== undefined) sections[name] = change;
  }
  return sections as SectionContents;
}

const amend = os.amendDossier.handler(async ({ input, context }) => {
  const { state, operator } = await ownDossier(context, input.dossier, 'amend');
  const { dossier, ...amendment } = input;
  const receipt = await append(context, 'amend', input, async () => {
    const current = inForce(state);
    requireVersion(current, amendment.baseVersion);
    const contents = Object.fromEntries(state.sections.map(({ name, content }) => [name, content])) as Partial<
      Record<SectionName, unknown>
    >;
    const route = amendment.route ?? current.route;
    refuseFindings(
      await findingsOn(context, { route, sections: amended(amendment, contents), audiences: amendment.audiences }),
    );
    const before: CurrentDossier = {
      dossier,
      manifest: { ...current, to: current.to === 'public' ? 'public' : [...current.to] },
      contents,
    };
    return sealAmendment(amendment, before, operator, sealingContext(context));
  });
  return filingReceipt(receipt, dossier, amendment.baseVersion + 1);
});

const withdraw = os.withdrawDossier.handler(async ({ input, context }) => {
  const { state, operator } = await ownDossier(context, input.dossier, 'withdraw');
  const receipt = await append(context, 'withdraw', input, async () => {
    const current = inForce(state);
    const to = current.to === 'public' ? 'public' : [...current.to];
    const body = { dossier: input.dossier, manifest: current.commitment, operator, reason: input.reason };
    const draft = { type: 'withdrawal', to, after: [current.commitment], body } as const;
    return {
      sealed: [sealOne(context, draft, new Map([[current.commitment, to]]))],
      once: [`withdrawal/${input.dossier}`],
    };
  });
  return accepted(receipt);
});

export const dossierHandlers = {
  fileDossier,
  importDossiers,
  parseDossiers,
  parseItems,
  listDossiers: list,
  getDossier: get,
  amendDossier: amend,
  withdrawDossier: withdraw,
};
