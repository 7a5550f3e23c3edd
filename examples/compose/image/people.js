// The shop's customers: five keep a WebSocket, and one signs in, pays and asks for a mail now and then, with the right password.
// `crowd.js` beside it is the other kind of people. /tmp/skew makes their clocks an hour fast, /tmp/tokens is how tokens are made.
'use strict';
const crypto = require('crypto'), fs = require('fs');
const axios = require('axios'), { io } = require('socket.io-client');
const secret = process.env.JWT_SECRET || 'lab-jwt-secret';
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
const site = 'https://nginx';
function token() {
  const skew = fs.existsSync('/tmp/skew') ? 3600 : 0, now = Math.floor(Date.now() / 1000) + skew;
  const body = Buffer.from(JSON.stringify({ nbf: now, exp: now + 3600 })).toString('base64url');
  return `${body}.${crypto.createHmac('sha256', secret).update(body).digest('base64url')}`;
}
for (let n = 0; n < 5; n++) {
  const headers = { 'X-Forwarded-For': `198.51.100.${20 + n}` };
  const socket = io(site, { transports: ['websocket', 'polling'], tryAllTransports: true, extraHeaders: headers,
    reconnectionDelay: 300, reconnectionDelayMax: 700, rejectUnauthorized: false, auth: give => give({ token: token() }) });
  socket.on('disconnect', why => { if (why === 'io server disconnect') setTimeout(() => socket.connect(), 300); });
  setInterval(() => { if (fs.existsSync('/tmp/skew') && socket.connected) socket.disconnect().connect(); }, 1000);
}
const client = axios.create({ baseURL: site, timeout: 8000, headers: { 'X-Forwarded-For': '198.51.100.10' }, validateStatus: () => true });
const often = (every, path, body) => setInterval(() => client.post(path, body).catch(() => {}), every);
often(700, '/api/auth/login', { email: 'kim@example.org', password: 'right' });
often(900, '/api/payments', {});
often(1500, '/api/auth/reset', { email: 'kim@example.org' });
for (const name of ['SIGTERM', 'SIGINT']) process.on(name, () => process.exit(0));
