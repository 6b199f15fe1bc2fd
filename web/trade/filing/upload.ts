import type { FileReference } from '../../../trade/section.ts';
import { ApiProblem, sessionHeaders } from '../../api.ts';
import { noteRefusal } from '../../session.ts';

/** Types of files that a dossier takes; see trade/section.ts. */
export const MEDIA_TYPES: readonly FileReference['mediaType'][] = [
  'application/pdf',
  'image/jpeg',
  'image/png',
  'text/csv',
  'application/xml',
  'application/json',
];
const MAX_BYTES = 20_971_520;

/**
 * Sends a file and tells how far it is: `fetch` can't.
 * @throws ApiProblem; DOMException AbortError when it was stopped
 */
export function uploadFile(
  file: File,
  signal: AbortSignal,
  progress: (sent: number, of: number) => void,
): Promise<FileReference> {
  const mediaType = MEDIA_TYPES.find((one) => one === file.type);
  if (mediaType === undefined)
    return Promise.reject(
      new ApiProblem({ status: 422, code: 'file-type-unknown', params: { type: file.type || '?' } }),
    );
  if (file.size > MAX_BYTES) return Promise.reject(new ApiProblem({ status: 413, code: 'file-too-large' }));
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', `/api/attachments?${new URLSearchParams({ name: plainName(file.name) })}`);
    request.setRequestHeader('content-type', mediaType);
    for (const [name, value] of Object.entries(sessionHeaders())) request.setRequestHeader(name, value);
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded, total }) => progress(loaded, total);
    request.onerror = () => reject(new ApiProblem({ status: 0, code: 'network' }));
    request.onabort = () => reject(new DOMException('stopped', 'AbortError'));
    request.onload = () => {
      if (request.status === 200) return resolve(request.response as FileReference);
      const problem = new ApiProblem({
        status: request.status,
        code: 'unexpected',
        ...(request.response as object | null),
      });
      noteRefusal(problem.code);
      reject(problem);
    };
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}

/** A name that the node takes: letters, digits and a few marks. */
function plainName(name: string): string {
  const plain = name
    .normalize('NFC')
    .replaceAll(/[^\p{L}\p{N} ._()-]/gu, '_')
    .replaceAll('..', '.')
    .slice(-120);
  return /^[\p{L}\p{N}]/u.test(plain) ? plain : `f${plain}`.slice(0, 120);
}
