import { implement } from '@orpc/server';
import { makeCode } from '../log/certificate-code.ts';
import { signDetached } from '../log/detached-signature.ts';
import { type Audience, seal } from '../log/envelope.ts';
import { decodeStatusList, STATUS_LIST_BITS, statusBit } from '../log/status-list.ts';
import { comesBefore } from '../log/verify.ts';
import type { NodeContext, RequestContext } from '../members/context.ts';
import { requireMandate } from '../members/mandate.ts';
import { toHex } from '../values/bytes.ts';
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
import { tradeContract } from './contract.ts';
import { DEMO, evidenceOf } from './evidence-handlers.ts';
import { envelopeOf } from './filing.ts';
import type { CertificateBody } from './record.ts';
import type { GoodsSection } from './section.ts';
import type { CertificateState, DossierState, To } from './state.ts';
import {
  audiencesOf,
  dossierUnknown,
  findCertificates,
  findDossier,
  findErasure,
  findMovement,
  findRecord,
  findStatusList,
  getDossierState,
  listCertificates,
  listRequirements,
  releaseStatusIndex,
  reserveStatusIndex,
} from './store.ts';
import { certificateView, mayRead, maySee, owns } from './view.ts';

const os = implement(tradeContract).$context<RequestContext>();

/** The goods section as it is here; an authority certifies only what it can read. */
function goodsOf(state: DossierState, context: RequestContext): GoodsSection {
  const section = state.sections.find(({ name }) => name === 'goods');
  const readable = section !== undefined && (section.to === null || mayRead(readerOf(context), section.to));
  if (!readable || section.content === null)
    throw new Refusal(409, 'goods-not-here', 'The goods section has not arrived or is not open to this authority.');
  return section.content as GoodsSection;
}

/** A place in the authority's list that nothing else has, drawn at random so that the index tells nothing. */
async function reservePlace(context: RequestContext, list: string, holder: string): Promise<number> {
  for (let draw = 0; draw < 100; draw++) {
    const [a = 0, b = 0, c = 0] = context.random(3);
    const index = ((a << 16) | (b << 8) | c) % STATUS_LIST_BITS;
    if (await reserveStatusIndex(context.sql, list, index, holder)) return index;
  }
  throw new Refusal(503, 'status-list-full', 'The status list has no place left.', { params: { list } });
}

const issue = os.issueCertificate.handler(async ({ input, context }) => {
  const authority = requireMandate(context.caller, context.registry, `certify-${input.kind}`);
  const state = await getDossierState(context.sql, input.dossier);
  if (!maySee(readerOf(context), state)) throw dossierUnknown(input.dossier);
  const certificate = newId(context, 'certificate');
  const holder = `${certificate}/${toHex(context.random(8))}`;
  try {
    const receipt = await append(context, 'issue-certificate', input, async () => {
      const current = inForce(state);
      requireVersion(current, input.version);
      const goods = goodsOf(state, context);
      const findings: Finding[] = [];
      if (Date.parse(input.validUntil) <= Date.parse(input.validFrom)) {
        findings.push({
          path: '/validUntil',
          code: 'dates-out-of-order',
          message: 'The certificate ends before it begins.',
        });
      }
      const chosen = input.items ?? goods.items.map(({ number }) => number);
      for (const [i, number] of chosen.entries()) {
        if (!goods.items.some((item) => item.number === number))
          findings.push({ path: `/items/${i}`, code: 'item-unknown', message: `There is no item ${number}.` });
      }
      refuseFindings(findings);
      const body: CertificateBody = {
        certificate,
        kind: input.kind,
        number: input.number,
        dossier: input.dossier,
        manifest: current.commitment,
        goods: goods.items
          .filter(({ number }) => chosen.includes(number))
          .map(({ number, hs, description, origin, netMass, packages }) => ({
            item: number,
            hs,
            description,
            origin,
            netMass,
            packages: packages.reduce((total, { count }) => total + count, 0),
          })),
        consignor: goods.consignor.name,
        consignee: goods.consignee.name,
        statement: input.statement,
        validFrom: input.validFrom,
        validUntil: input.validUntil,
        status: { list: authority, index: await reservePlace(context, authority, holder) },
        ...(context.demo ? { notice: DEMO } : {}),
      };
      const to: Audience = current.to === 'public' ? 'public' : [...current.to];
      const sealing = sealingContext(context);
      const unsigned = envelopeOf({ type: 'certificate', authority, to, after: [current.commitment], body }, sealing);
      const record = await signDetached(unsigned, context.documentSigner(authority));
      const audiences = await audiencesOf(context.sql, record.after);
      const sealed = seal(record, { ...sealing, audienceOf: (commitment) => audiences.get(commitment) });
      return { sealed: [sealed], once: [`certificate/${authority}/${input.number}`] };
    });
    // The same request at the same time: the other one's place stands in the certificate.
    if (receipt.repeated) await releaseStatusIndex(context.sql, holder);
    return { ...accepted(receipt), certificate };
  } catch (error) {
    // After an outage the certificate may yet turn out to be in the log: then its place must not be anyone else's.
    if (error instanceof Refusal && error.code !== 'ledger-unavailable') await releaseStatusIndex(context.sql, holder);
    throw error;
  }
});

/** A certificate that the caller may see. */
async function seen(context: RequestContext, certificate: string): Promise<CertificateState> {
  const reader = readerOf(context);
  for (const one of await findCertificates(context.sql, certificate)) {
    if (mayRead(reader, one.to)) return one;
    const dossier = await findDossier(context.sql, one.dossier);
    if (dossier !== undefined && owns(reader, dossier.state)) return one;
  }
  throw new Refusal(404, 'certificate-unknown', 'There is no such certificate here.', { params: { certificate } });
}

const list = os.listCertificates.handler(async ({ input, context }) => {
  const { items, next } = await context.reading((sql) => listCertificates(sql, readerOf(context), input));
  return { items: items.map(certificateView), next };
});

const get = os.getCertificate.handler(async ({ input, context }) =>
  certificateView(await seen(context, input.certificate)),
);

const revoke = os.revokeCertificate.handler(async ({ input, context }) => {
  const authority = requireMandate(
    context.caller,
    context.registry,
    'certify-origin',
    'certify-phytosanitary',
    'certify-conformity',
  );
  const found = await seen(context, input.certificate);
  if (found.authority !== authority)
    throw new Refusal(403, 'certificate-foreign', `The certificate is ${found.authority}'s to revoke.`);
  const receipt = await append(context, 'revoke-certificate', input, async () => {
    if (found.state === 'revoked') throw new Refusal(409, 'already-revoked', 'The certificate is revoked already.');
    const body = {
      certificate: found.certificate,
      commitment: found.commitment,
      dossier: found.dossier,
      reason: input.reason,
    };
    const to: Audience = found.to === 'public' ? 'public' : [...found.to];
    const draft = { type: 'revocation', authority, to, after: [found.commitment], body };
    return {
      sealed: [sealOne(context, draft, await audiencesOf(context.sql, draft.after))],
      once: [`revocation/${found.commitment}`],
    };
  });
  return accepted(receipt);
});

const certificateEvidence = os.certificateEvidence.handler(async ({ input, context }) => {
  const found = await seen(context, input.certificate);
  if (found.member !== context.member) {
    throw new Refusal(
      409,
      'evidence-elsewhere',
      `The evidence is to be had from ${found.member}, whose log holds the certificate.`,
      { params: { member: found.member } },
    );
  }
  const list = await findStatusList(context.sql, found.status.list);
  const placeOf = ({ origin, index }: { origin: string; index: number }) => ({ log: origin, index: BigInt(index) });
  if (list === undefined || comesBefore(context.registry.view, placeOf(list), placeOf(found))) {
    throw new Refusal(409, 'status-list-pending', 'The status list that covers the certificate is not issued yet.', {
      params: { retryAfter: 2 },
      remedy: 'Ask again in a few seconds.',
    });
  }
  // A list may be newer than a revocation and not know of it, where both were made at once.
  if (
    found.state === 'revoked' &&
    !statusBit(decodeStatusList(list.body.encodedList, list.body.length), found.status.index)
  ) {
    throw new Refusal(409, 'status-list-pending', 'The status list that states the revocation is not issued yet.', {
      params: { retryAfter: 2 },
    });
  }
  if (
    list.origin === context.origin &&
    BigInt(list.index) >= (context.ledger.final?.size ?? context.ledger.published?.size ?? 0n) &&
    context.registry.others(context.member).length >= 4
  ) {
    throw new Refusal(409, 'not-final', 'The status list is not cosigned by enough members yet.', {
      params: { retryAfter: 1 },
    });
  }
  return evidenceOf(context, found.commitment, found.status.list);
});

const certificateCode = os.certificateCode.handler(async ({ input, context }) => {
  const found = await seen(context, input.certificate);
  const { member } = context;
  if (found.member !== member) {
    throw new Refusal(
      409,
      'evidence-elsewhere',
      `The code is to be had from ${found.member}, whose authority signs it.`,
      { params: { member: found.member } },
    );
  }
  if (!isFinal(context, found)) {
    throw new Refusal(409, 'not-final', 'The record is not cosigned by enough members yet.', {
      params: { retryAfter: 1 },
      remedy: 'Ask again in a few seconds.',
    });
  }
  return { code: await codeOf(context, found), number: found.number, authority: found.authority };
});

const isFinal = ({ ledger, registry, member }: NodeContext, { origin, index }: CertificateState): boolean => {
  // A closed log is so as far as the members agree that it goes.
  const size = origin === ledger.options.origin ? ledger.final?.size : registry.view.logOf(origin)?.closed;
  return BigInt(index) < (size ?? 0n) || registry.others(member).length < 4;
};

function codeOf({ crypto, member, demo, documentSigner }: NodeContext, found: CertificateState): Promise<string> {
  const { authority, commitment, kind, number, validFrom, validUntil, status } = found;
  return makeCode(
    crypto,
    {
      member,
      authority,
      commitment,
      kind,
      number,
      validFrom: new Date(validFrom),
      validUntil: new Date(validUntil),
      statusIndex: status.index,
      demo,
    },
    documentSigner(authority),
  );
}

/** By commitment the codes of those certificates that this member's authorities issued and that are final: the others have none here. */
export async function codesOf(
  context: NodeContext,
  certificates: readonly CertificateState[],
): Promise<Map<string, string>> {
  const codes = new Map<string, string>();
  for (const one of certificates)
    if (one.member === context.member && isFinal(context, one)) codes.set(one.commitment, await codeOf(context, one));
  return codes;
}

/** May the caller hold the evidence of this record: is it addressed to it, or said by or about its own dossier? */
async function mayHold(
  context: RequestContext,
  record: { readonly envelope: { readonly to: To }; readonly subject: { readonly kind: string; readonly id: string } },
): Promise<boolean> {
  const reader = readerOf(context);
  if (mayRead(reader, record.envelope.to)) return true;
  if (record.subject.kind === 'movement') {
    const movement = await findMovement(context.sql, record.subject.id);
    return movement !== undefined && owns(reader, movement);
  }
  if (record.subject.kind !== 'dossier') return false;
  const dossier = await findDossier(context.sql, record.subject.id);
  return dossier !== undefined && owns(reader, dossier.state);
}

const recordEvidence = os.recordEvidence.handler(async ({ input, context }) => {
  const erasure = await findErasure(context.sql, input.commitment);
  const held = erasure && { envelope: { to: erasure.to }, subject: { kind: 'dossier', id: erasure.dossier } };
  if (held !== undefined && (await mayHold(context, held)))
    throw new Refusal(410, 'record-erased', 'The record was erased; its entry and all other proofs stay.', {
      params: { commitment: input.commitment },
    });
  const record = await findRecord(context.sql, input.commitment);
  if (
    record === undefined ||
    context.registry.memberOfLog(record.origin)?.code !== context.member ||
    !(await mayHold(context, record))
  ) {
    throw new Refusal(404, 'record-unknown', 'There is no such record in this log.', {
      params: { commitment: input.commitment },
    });
  }
  const list =
    record.envelope.type === 'certificate'
      ? (record.envelope.body as { status: { list: string } }).status.list
      : undefined;
  return evidenceOf(context, input.commitment, list);
});

const declaredRequirements = os.declaredRequirements.handler(async ({ input, context }) => {
  const { items, next } = await context.reading((sql) => listRequirements(sql, input));
  return { items: items.map(({ body, member, authority }) => ({ ...body, member, authority })), next };
});

const declareRequirement = os.declareRequirement.handler(async ({ input, context }) => {
  const authority = requireMandate(context.caller, context.registry, 'require');
  const receipt = await append(context, 'declare-requirement', input, async () => {
    if (input.validTo !== undefined && input.validTo < input.validFrom) {
      refuseFindings([
        { path: '/validTo', code: 'dates-out-of-order', message: 'The requirement ends before it begins.' },
      ]);
    }
    return { sealed: [sealOne(context, { type: 'requirement', authority, to: 'public', body: input }, new Map())] };
  });
  return accepted(receipt);
});

export const certificateHandlers = {
  issueCertificate: issue,
  listCertificates: list,
  getCertificate: get,
  revokeCertificate: revoke,
  certificateEvidence,
  certificateCode,
  recordEvidence,
  declaredRequirements,
  declareRequirement,
};
