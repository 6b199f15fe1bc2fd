import { randomUUID } from 'node:crypto';
import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

/**
 * What the parts of a node tell of their work to whoever runs it: figures, acts of the background, spans. Nothing of it holds what a
 * record, a request or a person says: names, codes, sizes and times alone. Spans cost nothing to speak of until the operator loads an
 * OpenTelemetry SDK; see examples/operations/tracing.mjs.
 */

/** Figures that are gathered; seconds, or records. `peer` goes with those of another member. */
export type Measure =
  | 'append-wait'
  | 'batch-seconds'
  | 'batch-records'
  | 'fold-seconds'
  | 'sign-seconds'
  | 'cosigned-seconds'
  | 'final-seconds'
  | 'pull-seconds'
  | 'pull-records';

export interface EndedAct {
  readonly act: string;
  /** Goes to peers as `x-request-id`: their lines of the same act carry it too. */
  readonly requestId: string;
  readonly ms: number;
  readonly failed: boolean;
}

export interface Observer {
  measure(measure: Measure, value: number, peer?: string): void;
  ended(act: EndedAct): void;
}

export const seconds = (since: number): number => (performance.now() - since) / 1000;

const tracer = trace.getTracer('dostyk');

export interface Traced {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  /** Where the act was asked for, if not here. */
  readonly parent?: Context | undefined;
  /** What else it was done for. */
  readonly others?: readonly Context[];
}

/** Runs an act within a span. Of a failure the span says the code, never the message. */
export function traced<T>(name: string, run: (span: Span) => Promise<T>, options: Traced = {}): Promise<T> {
  const { kind = SpanKind.INTERNAL, attributes = {}, parent = context.active(), others = [] } = options;
  const links = others.flatMap((one) => {
    const spanContext = trace.getSpanContext(one);
    return spanContext === undefined ? [] : [{ context: spanContext }];
  });
  return tracer.startActiveSpan(name, { kind, attributes, links }, parent, async (span) => {
    try {
      return await run(span);
    } catch (error) {
      span.setAttribute('error.type', codeOf(error));
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

function codeOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'unknown';
}

const actIds = new WeakMap<object, string>();

/** The id of the act of the background that failed with this error. */
export const actOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null ? actIds.get(error) : undefined;

/** An act of the background: with an id of its own, a span, and a line in the log of who asks for such. */
export async function observed<T>(
  observer: Observer | undefined,
  act: string,
  run: (requestId: string) => Promise<T>,
  options: Traced = {},
): Promise<T> {
  const requestId = randomUUID();
  const started = performance.now();
  const ended = (failed: boolean): void =>
    observer?.ended({ act, requestId, ms: Math.round(performance.now() - started), failed });
  try {
    const result = await traced(act, () => run(requestId), {
      ...options,
      attributes: { ...options.attributes, 'dostyk.request_id': requestId },
    });
    ended(false);
    return result;
  } catch (error) {
    if (typeof error === 'object' && error !== null && !actIds.has(error)) actIds.set(error, requestId);
    ended(true);
    throw error;
  }
}

/** The current span as a W3C `traceparent`, to be sent to a peer; no baggage and no state go along. */
export function traceHeaders(): Readonly<Record<string, string>> {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  const { traceparent } = carrier;
  return traceparent === undefined ? {} : { traceparent };
}

/** The span of a peer's act, from its `traceparent` alone. */
export const traceOf = (traceparent: string | undefined): Context =>
  traceparent === undefined ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, { traceparent });

export { type Context, context, ROOT_CONTEXT, type Span, SpanKind } from '@opentelemetry/api';
