import { render } from 'preact';
import { App } from './app.js';
import { HttpBackend } from './http-backend.js';

const root = document.getElementById('app');
if (root) {
  render(<App backend={new HttpBackend()} />, root);
}
