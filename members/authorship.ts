import type { Envelope } from '../log/envelope.ts';
import type { AuthorshipRule, RegistryView } from '../log/verify.ts';

/**
 * Who may author what: record type → rule. `federation` refuses a record outside this table, `verify` answers *invalid*.
 * A rule gives a reason code, or undefined where the issuer may say this.
 */
type Rule = (
  issuer: Envelope['issuer'],
  body: Readonly<Record<string, unknown>>,
  view: RegistryView,
) => string | undefined;

const isOwn = (issuer: Envelope['issuer'], id: unknown): boolean =>
  typeof id === 'string' && id.startsWith(`${issuer.member.toLowerCase()}.`);

/** By a member for one of its operators: no authority, and the operator is the member's own. */
const operator: Rule = (issuer, body) => {
  if (issuer.authority !== undefined) return 'author-not-operator';
  return isOwn(issuer, body['operator']) ? undefined : 'operator-foreign';
};

/** By the node of a member, about its own operators alone: else a member could let its operators act for another's. */
function ofOperators(...fields: readonly string[]): Rule {
  return (issuer, body, view) =>
    member(issuer, body, view) ?? (fields.every((name) => isOwn(issuer, body[name])) ? undefined : 'operator-foreign');
}

/** By the node of a member itself. */
const member: Rule = (issuer) => (issuer.authority === undefined ? undefined : 'author-not-member');

function authority(...mandates: readonly string[]): Rule {
  return (issuer, _, view) => {
    const id = issuer.authority;
    if (id === undefined) return 'author-not-authority';
    return mandates.some((mandate) => view.hasMandate(issuer.member, id, mandate)) ? undefined : 'mandate-missing';
  };
}

const CERTIFY = ['certify-origin', 'certify-phytosanitary', 'certify-conformity'];

const TABLE: Readonly<Record<string, Rule>> = {
  section: operator,
  manifest: operator,
  withdrawal: operator,
  answer: operator,
  appeal: operator,
  movement: operator,
  event: (issuer, body, view) =>
    body['source'] === 'authority'
      ? authority('report-events', 'decide')(issuer, body, view)
      : operator(issuer, body, view),
  decision: (issuer, body, view) => {
    const post = typeof body['post'] === 'string' ? view.postAuthority(body['post']) : undefined;
    if (post === undefined) return 'post-unknown';
    if (post.member !== issuer.member || post.authority !== issuer.authority) return 'post-foreign';
    return authority('decide')(issuer, body, view);
  },
  'appeal-outcome': authority('decide-appeals'),
  certificate: (issuer, body, view) => authority(`certify-${String(body['kind'])}`)(issuer, body, view),
  revocation: authority(...CERTIFY),
  'status-list': (issuer, body, view) =>
    body['list'] === issuer.authority ? authority(...CERTIFY)(issuer, body, view) : 'list-foreign',
  requirement: authority('require'),
  pack: authority('publish-rules'),
  correction: member,
  'correction-answer': authority('publish-rules'),
  delegation: ofOperators('from', 'to'),
  'delegation-revocation': ofOperators('operator'),
  erased: member,
  'erasure-acknowledged': member,
  slip: member,
};

/**
 * @example authorship(envelope, registry.view) // undefined, or e.g. 'mandate-missing'
 */
export const authorship: AuthorshipRule = (envelope, view) => {
  const rule = TABLE[envelope.type];
  if (rule === undefined) return 'type-unknown';
  if (view.logOf(envelope.log)?.member !== envelope.issuer.member) return 'issuer-not-owner';
  return rule(envelope.issuer, envelope.body, view);
};

export const RECORD_TYPES: readonly string[] = Object.keys(TABLE);
