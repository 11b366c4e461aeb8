/** Every call of the contract that the worker answers. */
import type { FieldDevice } from './contract';
import { coarsePosition, looksLikeIdentity } from './core/core';
import { json, readFile, readJson, type Ask } from './line/http';
import type { Service } from './service';
import { panels, villages } from './work/places';

/** The page answers the others itself. */
export type WorkerCalls = Omit<
  FieldDevice,
  'subscribe' | 'state' | 'setLanguage' | 'takeOver' | 'persist' | 'install' | 'checkForUpdate' | 'applyUpdate'
>;

const LISTED = 30;

export function callsOf(service: Service): WorkerCalls {
  const desk = () => service.desk();
  return {
    enrol: (request) => service.enrol(request),
    retryEnrolment: () => service.retryEnrolment(),
    abandonEnrolment: () => service.abandonEnrolment(),
    unlock: (pin) => service.unlock(pin),
    lock: () => service.lock(),
    changePin: (oldPin, newPin) => service.changePin(oldPin, newPin),
    setAutoLockMinutes: (minutes) => service.setAutoLockMinutes(minutes),
    autoLockMinutes: () => service.autoLockMinutes(),
    signIn: (password) => desk().signIn(password),

    askRecovery: () => service.askRecovery(),
    checkRecovery: () => service.checkRecovery(),
    finishRecovery: (newPin) => service.finishRecovery(newPin),
    cancelRecovery: () => service.cancelRecovery(),

    newSession: (village) => desk().forms.newSession(village),
    newPanelCheck: (site) => desk().forms.newPanelCheck(site),
    editRecord: (id) => desk().forms.editRecord(id),
    drafts: async () => desk().forms.lines(),
    draft: async (id) => desk().forms.draft(id),
    saveDraft: (id, form) => desk().drafts.save(id, form),
    discardDraft: (id) => desk().forms.discard(id),
    checkForm: (kind, form, record) => desk().forms.check(kind, form, record),
    finishDraft: (id) => desk().forms.finish(id),

    list: async (query) => desk().records.list(query),
    record: (id) => desk().forms.detail(id),
    voidRecord: (id, reason) => desk().forms.voidRecord(id, reason),
    restoreRecord: (id) => desk().forms.voidRecord(id, undefined),
    resolve: (id, field, change) => desk().forms.resolve(id, field, change),
    review: (session, decision, comment, heads) => desk().forms.review(session, decision, comment, heads),

    words: async () => desk().reference.words,
    villages: async (text, limit) => villages(desk(), text, limit ?? LISTED),
    panels: async (text, limit) => panels(desk(), text, limit ?? LISTED),
    areas: async () => desk().reference.ownAreas(),
    hotlines: async () => desk().reference.hotlines,
    placeName: async (village) => desk().reference.placeName(village),
    looksLikeIdentity: async (text) => looksLikeIdentity(text),
    coarsePosition: async (latitude, longitude) => coarsePosition(latitude, longitude),

    async sync(anew) {
      if (!anew) return desk().sync.run();
      await desk().sync.anew();
      // What came can be read and edited.
      await desk().refreshed();
    },
    cancelSync: async () => desk().sync.cancel(),
    dismissNotice: (id) => desk().dismissNotice(id),

    exportFile: () => desk().files.export(),
    importFile: (name, bytes) => desk().import(name, bytes),
    carried: async () => desk().files.all(),
    receiptsFile: async (id) => desk().files.receiptsFile(id),
    forgetCarried: (id) => desk().files.forget(id),

    async request<T>(method: string, path: string, body?: unknown): Promise<T> {
      return readJson<T>(await desk().access.ask(asked(method, path, body)));
    },
    download: async (method, path, body) => readFile(await desk().access.ask(asked(method, path, body))),
    async upload<T>(path: string, contentType: string, body: Uint8Array): Promise<T> {
      return readJson<T>(await desk().access.ask({ method: 'POST', path, contentType, body }));
    },
  };
}

const asked = (method: string, path: string, body: unknown): Ask => (body === undefined ? { method, path } : json(method, path, body));
