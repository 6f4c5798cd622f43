// Answers of the API.

/** @typedef {import('./respond.mjs').Reply} Reply */

/** @returns {Reply} */
export function json(/** @type {unknown} */ value) {
  return { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, text: JSON.stringify(value) };
}

/**
 * @param {number} status
 * @param {string} message
 * @param {string} [code]
 * @returns {Reply}
 */
export function failure(status, message, code) {
  const reply = json({ error: message });
  const headers = { ...reply.headers, 'x-error-message': message, ...(code && { 'x-error-code': code }) };
  return { ...reply, status, headers };
}
