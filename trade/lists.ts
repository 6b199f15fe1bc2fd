/** The closed lists of codes of trade, without schemas: the browser takes them as they are. */

export const SECTIONS = ['commercial', 'transport', 'goods', 'sanitary', 'driver', 'attachments'] as const;

/** The eleven codes of Incoterms 2020. */
export const INCOTERMS = ['EXW', 'FCA', 'CPT', 'CIP', 'DAP', 'DPU', 'DDP', 'FAS', 'FOB', 'CFR', 'CIF'] as const;

export const DECISIONS = ['release', 'hold', 'query', 'inspect', 'refuse'] as const;

export const REASONS = [
  'in-order',
  'document-missing',
  'document-invalid',
  'certificate-revoked',
  'goods-differ',
  'mass-differs',
  'value-in-question',
  'seal-differs',
  'temperature-out-of-range',
  'pest-suspected',
  'packaging',
  'selected-by-goods-rule',
  'inspection-passed',
  'answer-accepted',
  'appeal-upheld',
  'prohibited',
  'other',
] as const;

export const EVENTS = [
  'departed',
  'arrived-at-post',
  'presented',
  'left-post',
  'seals-fitted',
  'seals-broken',
  'reloaded',
  'gauge-changed',
  'temperature-read',
  'delayed',
  'problem',
  'arrived',
] as const;

/** What a driver reports, and what may be wrong. */
export const DRIVER_REPORTS = ['arrived-at-post', 'left-post', 'delayed', 'problem'] as const;
export const DRIVER_PROBLEMS = [
  'goods-damaged',
  'seal-broken',
  'vehicle-broken-down',
  'queue',
  'refused-without-reason',
  'other',
] as const;

export const CERTIFICATE_KINDS = ['origin', 'phytosanitary', 'conformity'] as const;

/** Within how many days a correction is to be answered: the project's own promise, no law's. */
export const DUE_DAYS = 30;
