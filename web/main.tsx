import { render } from 'preact';
import './styles/fonts.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import { App } from './app.tsx';
import { language, loadLanguage } from './languages/index.ts';
import { keepOffline } from './offline.ts';
import { loadSession } from './session.ts';
import { loadHanFonts } from './styles/han.ts';

const wanted = location.pathname.split('/')[1] ?? 'en';
await Promise.all([loadLanguage(wanted), loadSession()]);
document.documentElement.lang = language;
// biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser
document.cookie = `dostyk-language=${language}; path=/; max-age=31536000; samesite=lax`;
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
loadHanFonts();
keepOffline();
// The session may have ended, or another have begun, while this page lay in the background.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') void loadSession();
});
