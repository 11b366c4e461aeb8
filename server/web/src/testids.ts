/**
 * `data-testid`s that tests of whole flows hold on to. Screens put them on the element named; nothing else depends on
 * them. Lists put the record's or draft's id in `data-id` of the row.
 */
export const testid = {
  // phases
  phase: 'phase', // the root element; `data-phase` is the DeviceState's phase
  // enrolment
  enrolCode: 'enrol-code',
  enrolLabel: 'enrol-label',
  enrolPin: 'enrol-pin',
  enrolPinAgain: 'enrol-pin-again',
  enrolSubmit: 'enrol-submit',
  scan: 'scan',
  scanner: 'scanner',
  typeCode: 'type-code',
  // lock
  unlockPin: 'unlock-pin',
  unlockSubmit: 'unlock-submit',
  forgotPin: 'forgot-pin',
  // list
  newSession: 'new-session',
  newPanelCheck: 'new-panel-check',
  recordRow: 'record-row',
  draftRow: 'draft-row',
  search: 'search',
  syncButton: 'sync-button',
  syncText: 'sync-text',
  // form
  village: 'village',
  villageOption: 'village-option',
  attendances: 'attendances',
  note: 'note',
  finish: 'finish',
  // detail
  edit: 'edit',
  conflict: 'conflict',
  conflictValue: 'conflict-value',
  // notices
  updateReady: 'update-ready',
  applyUpdate: 'apply-update',
  waitingTab: 'waiting-tab',
  takeOver: 'take-over',
  storageCleared: 'storage-cleared',
} as const;
