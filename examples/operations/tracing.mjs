// Traces of a node, sent by OTLP to a collector of the member's own. Loaded before the node, which itself carries the API alone:
//
//   npm install @opentelemetry/sdk-trace-node@2.12.1 @opentelemetry/exporter-trace-otlp-http    # releases whose `engines` fit your Node
//   OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 OTEL_SERVICE_NAME=dostyk-kz \
//     NODE_OPTIONS="--import /etc/dostyk/tracing.mjs" npx dostyk node
//
// Spans hold names, codes, sizes and request ids. Between nodes the `traceparent` header goes along, so that where members share a
// collector a round of witnesses is one trace; baggage and state do not.
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node';

const provider = new NodeTracerProvider({
  // One trace in ten; a peer's decision is followed for what it asks.
  sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.1) }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
// Takes over the context between asynchronous calls and W3C traceparent.
provider.register();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void provider.shutdown());
