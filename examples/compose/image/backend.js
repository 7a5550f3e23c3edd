// The shop's backend, as small as it can be and still fail as a real one does.
'use strict';
const http = require('http'), crypto = require('crypto');
const express = require('express'), mongoose = require('mongoose'), Redis = require('ioredis');
const nodemailer = require('nodemailer'), axios = require('axios'), { Server } = require('socket.io');
const env = process.env;
if (env.CRASH) throw new TypeError(`release ${env.RELEASE} reads a setting that is not there: undefined.price`);
if (env.JWT_SECRET.length < 8) throw new Error('JWT_SECRET is too short');
const sign = body => crypto.createHmac('sha256', env.JWT_SECRET).update(body).digest('base64url');
const say = (...words) => console.log(new Date().toISOString(), ...words);
const complain = (...words) => console.error(new Date().toISOString(), ...words);

mongoose.connection.on('connected', () => { say('MongoDB connected'); setTimeout(seed, 100); });
mongoose.connection.on('disconnected', () => complain('MongoDB disconnected'));
const connect = () => mongoose.connect(env.MONGO_URI).catch(e => { complain(`${e.name}: ${e.message}`); setTimeout(connect, 1000); });
connect();
const loose = new mongoose.Schema({}, { strict: false });
const User = mongoose.model('User', loose, 'users'), Payment = mongoose.model('Payment', loose, 'payments');
mongoose.set('bufferTimeoutMS', 3000);
const seed = () => User.updateOne({ email: 'kim@example.org' }, { $set: { password: 'right', disabled: false } }, { upsert: true }).catch(e => complain(`seed: ${e.name}: ${e.message}`));

const redis = new Redis({ host: env.REDIS_HOST, port: Number(env.REDIS_PORT), password: env.REDIS_PASSWORD,
  maxRetriesPerRequest: 1, connectTimeout: 2000, commandTimeout: 2000, retryStrategy: () => 1000 });
redis.on('error', e => complain(`[ioredis] ${e.name}: ${e.message}`));

const mail = nodemailer.createTransport({ host: env.SMTP_HOST, port: Number(env.SMTP_PORT), secure: env.SMTP_SECURE === 'true',
  requireTLS: true, tls: { rejectUnauthorized: false }, auth: { user: env.SMTP_USER, pass: env.SMTP_PASS }, greetingTimeout: 4000, connectionTimeout: 4000, socketTimeout: 4000 });

const app = express();
app.use(express.json());
app.set('trust proxy', true);
app.get('/api/health', async (_, out) => {
  const mongo = mongoose.connection.readyState === 1;
  out.status(mongo ? 200 : 503).json({ status: mongo ? (redis.status === 'ready' ? 'ok' : 'degraded') : 'down', release: env.RELEASE });
});
const limit = Number(env.RATE_LIMIT_MAX), windowMs = Number(env.RATE_LIMIT_WINDOW_MIN) * 60000;
async function limited(request, out, next) {
  try {
    const key = `rl:${request.ip}:${request.path}`, count = await redis.incr(key);
    if (count === 1) await redis.pexpire(key, windowMs);
    if (count > limit && request.ip !== '198.51.100.10') {
      complain(`RATE_LIMIT exceeded ${request.ip} ${request.path}`);
      return out.status(429).end();
    }
  } catch (e) { complain(`limiter: ${e.name}: ${e.message}`); }
  next();
}
app.post('/api/auth/login', limited, async (request, out) => {
  try {
    const user = await User.findOne({ email: request.body.email }).lean();
    if (!user || user.disabled || user.password !== request.body.password) return out.status(401).end();
    await redis.set(`session:${user._id}`, crypto.randomBytes(512).toString('hex'), 'EX', 60).catch(e => complain(`session: ${e.name}: ${e.message}`));
    out.json({ ok: true });
  } catch (e) { complain(`login: ${e.name}: ${e.message}`); out.status(500).end(); }
});
app.post('/api/payments', async (request, out) => {
  let told;
  try {
    const asked = { external_id: crypto.randomUUID(), fiat: 'USD', amount: '10', callback_url: 'http://nickapp-backend:5000/cb' };
    const answer = await axios.post(`${env.SHKEEPER_API_URL}/api/v1/BTC/payment_request`, asked,
      { timeout: 3000, httpAgent: new http.Agent({ keepAlive: false }), headers: { 'X-Shkeeper-Api-Key': env.SHKEEPER_API_KEY }, validateStatus: () => true });
    if (answer.status >= 300) throw new Error(`HTTP ${answer.status}`);
    if (answer.data.status !== 'success') throw new Error(answer.data.message);
    told = answer.data.wallet;
  } catch (e) {
    complain(`SHKeeper request failed: ${e.code ? e.code + ' ' : ''}${e.message}`);
    return out.status(503).json({ error: 'Payment unavailable' });
  }
  try {
    await Payment.create({ status: 'pending', createdAt: new Date(), wallet: told });
    if (await Payment.estimatedDocumentCount() > 500) await Payment.deleteMany({});
    out.json({ wallet: told });
  } catch (e) { complain(`payment: ${e.name}: ${e.message}`); out.status(500).end(); }
});
app.post('/api/auth/reset', async (request, out) => {
  try {
    await mail.sendMail({ from: 'shop@amn.gg', to: 'kim@example.org', subject: 'Reset', text: 'Here is your link.' });
    out.json({ ok: true });
  } catch (e) { complain(`nodemailer: code=${e.code} responseCode=${e.responseCode} command=${e.command}: ${e.message}`); out.status(502).end(); }
});

const server = http.createServer(app);
const io = new Server(server, { pingInterval: 5000, pingTimeout: 4000 });
io.on('connection', socket => {
  say(`🔌 User connected ${socket.id}`);
  socket.on('disconnect', why => say(`🔌 User disconnected ${socket.id} (${why})`));
  const [body, mark] = String(socket.handshake.auth.token).split('.');
  const token = mark === sign(body) ? JSON.parse(Buffer.from(body, 'base64url')) : null;
  if (!token || token.nbf * 1000 > Date.now() + 2000) {
    complain(token ? 'NotBeforeError: jwt not active' : 'JsonWebTokenError: invalid signature');
    socket.disconnect(true);
  }
});
server.listen(Number(env.PORT), () => say(`listening on :::${env.PORT} release ${env.RELEASE}`));
if (env.ADMIN_PORT) http.createServer(app).listen(Number(env.ADMIN_PORT));
if (env.LEAK) { const kept = []; setInterval(() => kept.push(Buffer.alloc(16 << 20, 1)), 50); }
for (const name of ['SIGTERM', 'SIGINT']) process.on(name, () => process.exit(0));
