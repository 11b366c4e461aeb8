/** Starts the app: the device first, then the screens on top of it. */

import { mount } from 'svelte';

import { connectDevice } from './device';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './ui/display.svelte';
import App from './ui/App.svelte';
import { phone } from './ui/phone.svelte';

const target = document.getElementById('app');
if (target) {
  phone.attach(connectDevice());
  mount(App, { target });
}
