import { hubSettings } from '#src/repo/hub-settings.js';

/** Defaults as huggingface_hub (Python) has them. */
test.each([
  [{}, { endpoint: 'https://huggingface.co', token: null, cache: '/home/u/.cache/huggingface/hub', offline: false }],
  [{ XDG_CACHE_HOME: '/x' }, { cache: '/x/huggingface/hub' }],
  [{ HF_HOME: '~/hf' }, { cache: '/home/u/hf/hub' }],
  [{ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old' }, { cache: '/old' }],
  [{ HF_HUB_CACHE: '/new', HUGGINGFACE_HUB_CACHE: '/old' }, { cache: '/new' }],
  [{ HF_ENDPOINT: 'https://hub.example/mirror/' }, { endpoint: 'https://hub.example/mirror' }],
  [{ HF_TOKEN: '' }, { token: null }],
  [{ HUGGING_FACE_HUB_TOKEN: 'hf_old' }, { token: 'hf_old' }],
  [{ HF_HUB_OFFLINE: 'ON' }, { offline: true }],
  [{ HF_HUB_OFFLINE: '0' }, { offline: false }],
  [{ HF_HUB_DOWNLOAD_TIMEOUT: '2.5' }, { silence: 2500 }],
  [{ HF2GGUF_MAX_WAIT: '7' }, { longestWait: 7000 }],
  [{ HF2GGUF_MAX_WAIT: '0' }, { longestWait: 0 }],
])('the environment %j means %j', (variables, settings) => {
  expect(hubSettings({ HOME: '/home/u', ...variables })).toMatchObject(settings);
});
