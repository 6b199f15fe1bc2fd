import { config } from 'zod';

/** Schemas are not to be compiled from text: the page's policy forbids it, and even the attempt is reported. Before any schema is made. */
config({ jitless: true });
