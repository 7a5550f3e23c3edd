// Wrong passwords, for a drill: `node crowd.js ADDRESSES EACH` asks from that many addresses that often, at most 40 a second, and ends.
'use strict';
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
const axios = require('axios');
const [addresses, each] = process.argv.slice(2).map(Number);
(async () => {
  for (let n = 0; n < each; n++) for (let a = 0; a < addresses; a++) {
    const headers = { 'X-Forwarded-For': `203.0.113.${7 + (a % 200)}` };
    await Promise.all([axios.post('https://nginx/api/auth/login', { email: 'kim@example.org', password: `guess${n}` },
      { headers, timeout: 4000, validateStatus: () => true }).catch(() => {}), new Promise(r => setTimeout(r, 25))]);
  }
})();
