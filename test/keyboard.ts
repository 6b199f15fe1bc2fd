import type { Page } from 'playwright-core';

/** A person without a mouse: Tab, letters, Enter, arrows; nothing is clicked and no element is focused by script. */
export class Keyboard {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** What has the focus: its role-like name, label and text. */
  #focused(): Promise<{ readonly name: string; readonly tag: string }> {
    return this.page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null;
      const label = element?.id ? document.querySelector(`label[for="${CSS.escape(element.id)}"]`) : null;
      const name = (label?.textContent ?? element?.getAttribute('aria-label') ?? element?.textContent ?? '').trim();
      return { name: name.replace(/\s+/g, ' '), tag: element?.tagName ?? '' };
    });
  }

  /** Tabs on until something with this name has the focus. */
  async to(name: string | RegExp, { back = false, most = 160 } = {}): Promise<void> {
    const seen: string[] = [];
    for (let i = 0; i < most; i++) {
      const { name: own } = await this.#focused();
      if (typeof name === 'string' ? own === name || own.startsWith(`${name} (`) : name.test(own)) return;
      seen.push(own.slice(0, 30));
      await this.page.keyboard.press(back ? 'Shift+Tab' : 'Tab');
    }
    throw new Error(`no way by keyboard to ${String(name)}; passed ${seen.slice(-40).join(' | ')}`);
  }

  async type(name: string | RegExp, text: string): Promise<void> {
    await this.to(name);
    await this.page.keyboard.press('ControlOrMeta+a');
    await this.page.keyboard.insertText(text);
    await this.page.keyboard.press('Tab');
  }

  /** Chooses in a list by typing the beginning of the choice. */
  async choose(name: string | RegExp, text: string): Promise<void> {
    await this.to(name);
    await this.page.keyboard.type(text, { delay: 5 });
    await this.page.keyboard.press('Tab');
  }

  async press(name: string | RegExp, options: { back?: boolean; key?: string } = {}): Promise<void> {
    await this.to(name, options);
    await this.page.keyboard.press(options.key ?? 'Enter');
  }
}
