// Loaded before a node by NODE_OPTIONS=--import: writes each span that ends as a line of the file that DOSTYK_TEST_SPANS names with the
// process id. What an operator's SDK would export, as examples/operations/tracing.mjs sets one up.
import { appendFileSync } from 'node:fs';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

const file = `${process.env.DOSTYK_TEST_SPANS}.${process.pid}`;
const exporter = {
  export(spans, done) {
    for (const span of spans) {
      const { name, kind, attributes, status, events, links, parentSpanContext, resource } = span;
      const { traceId, spanId, traceState } = span.spanContext();
      appendFileSync(
        file,
        `${JSON.stringify({ name, kind, traceId, spanId, state: traceState?.serialize(), parent: parentSpanContext?.spanId, remote: parentSpanContext?.isRemote, attributes, status, events, links, resource: resource.attributes })}\n`,
      );
    }
    done({ code: 0 });
  },
  shutdown: async () => undefined,
};
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
