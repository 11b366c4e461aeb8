/** The app as something installed: its service worker, its updates, its icon. */
interface InstallPrompt extends Event {
  prompt(): Promise<{ outcome: 'accepted' | 'dismissed' }>;
}

const UPDATE_EVERY_MS = 6 * 3600_000;

export class AppShell {
  updateReady = false;
  install = { installed: matchMedia('(display-mode: standalone)').matches, installable: false };
  readonly #onChange: () => void;
  readonly #letGo: () => Promise<void>;
  #registration: ServiceWorkerRegistration | undefined;
  #prompt: InstallPrompt | undefined;
  #reloading = false;

  /** `letGo` makes everything that was typed durable; it is called before the page is replaced. */
  constructor(onChange: () => void, letGo: () => Promise<void>) {
    this.#onChange = onChange;
    this.#letGo = letGo;
    addEventListener('beforeinstallprompt', (event) => {
      event.preventDefault();
      this.#prompt = event as InstallPrompt;
      this.#set({ installable: true });
    });
    addEventListener('appinstalled', () => this.#set({ installed: true, installable: false }));
    if (import.meta.env.PROD && 'serviceWorker' in navigator) void this.#register();
  }

  #set(change: Partial<AppShell['install']>): void {
    this.install = { ...this.install, ...change };
    this.#onChange();
  }

  async #register(): Promise<void> {
    const { serviceWorker } = navigator;
    const hadOne = serviceWorker.controller !== null;
    // Every tab follows at once when a new version takes over: none keeps running with files of the old one.
    serviceWorker.addEventListener('controllerchange', () => {
      if (hadOne) void this.#reload();
    });
    const registration = await serviceWorker.register('/sw.js', { updateViaCache: 'none' }).catch(() => undefined);
    // A browser that keeps no worker runs the app all the same, with a connection.
    if (!registration) return;
    this.#registration = registration;
    if (registration.waiting && hadOne) this.#ready();
    registration.addEventListener('updatefound', () => {
      const worker = registration.installing;
      worker?.addEventListener('statechange', () => {
        if (worker.state === 'installed' && serviceWorker.controller) this.#ready();
      });
    });
    setInterval(() => void this.checkForUpdate(), UPDATE_EVERY_MS);
  }

  #ready(): void {
    this.updateReady = true;
    this.#onChange();
  }

  async #reload(): Promise<void> {
    if (this.#reloading) return;
    this.#reloading = true;
    await this.#letGo();
    location.reload();
  }

  async checkForUpdate(): Promise<void> {
    // Without a connection there is nothing to find, and nothing wrong.
    await this.#registration?.update().catch(() => undefined);
  }

  async applyUpdate(): Promise<void> {
    const waiting = this.#registration?.waiting;
    if (!waiting) return;
    await this.#letGo();
    waiting.postMessage({ type: 'take-over' });
  }

  async askInstall(): Promise<boolean> {
    const prompt = this.#prompt;
    if (!prompt) return false;
    this.#prompt = undefined;
    this.#set({ installable: false });
    return (await prompt.prompt()).outcome === 'accepted';
  }
}
