'use strict';
// pg-boss:  pgboss.js drain JOBS | latency RATE SECONDS
const {
	address, connect, until, now, sleep, answer, latencies, versionOf,
} = require('./connect.js');
const { PgBoss } = require('pg-boss');
const [, , command, argument, seconds] = process.argv;
const version = versionOf('pg-boss');
const BATCH = +(process.env.PGBOSS_BATCH || 5000);
const WORKERS = +(process.env.PGBOSS_WORKERS || 2);

async function open() {
	const boss = new PgBoss({ ...address(), max: 20, useListenNotify: true });
	boss.on('error', error => console.error(error.message));
	await boss.start();
	return boss;
}

async function fill(boss, jobs) {
	for (let from = 0; from < jobs; from += 10000)
		await boss.insert('noop', Array.from({ length: Math.min(10000, jobs - from) },
			(_, i) => ({ data: { id: from + i } })));
}

// its own worker, in big batches
async function byWork(boss) {
	let done = 0;
	await boss.work('noop',
		{ batchSize: BATCH, localConcurrency: WORKERS, pollingIntervalSeconds: 0.5,
			burstWhenBatchFull: true },
		async jobs => { done += jobs.length; });
	return () => done;
}

// fetch and complete in a loop of one's own
async function byLoop(boss) {
	let done = 0;
	for (let i = 0; i < WORKERS; i++)
		(async () => {
			for (;;) {
				const jobs = await boss.fetch('noop', { batchSize: BATCH });
				if (!jobs.length) break;
				await boss.complete('noop', jobs.map(job => job.id));
				done += jobs.length;
			}
		})();
	return () => done;
}

async function drain(jobs) {
	const client = await connect();
	const rates = {};
	for (const [name, begin] of [['work', byWork], ['fetch and complete', byLoop]]) {
		await client.query('DROP SCHEMA IF EXISTS pgboss CASCADE');
		const boss = await open();
		await boss.createQueue('noop');
		await fill(boss, jobs);
		await client.query('ANALYZE');
		await client.query('CHECKPOINT');
		const begun = now();
		const done = await begin(boss);
		await until(() => done() >= jobs);
		const left = `SELECT FROM pgboss.job
			WHERE name = 'noop' AND state < 'completed' LIMIT 1`;
		await until(async () => (await client.query(left)).rowCount === 0);
		rates[`${version} (${name}, ${WORKERS} workers, batches of ${BATCH})`] =
			jobs / (now() - begun) * 1000;
		await boss.stop({ graceful: false });
	}
	answer(rates);
}

async function latency(rate, seconds) {
	const values = [];
	const boss = await open();
	await boss.createQueue('latency', { notify: true });
	await boss.work('latency', { batchSize: 1, localConcurrency: 4 },
		async ([job]) => { values.push(now() - job.data.t); });
	await sleep(1000);
	// at random times, as pgbench does it
	let due = now();
	const sent = [];
	for (const end = due + seconds * 1000; due < end;
		due -= Math.log(1 - Math.random()) * 1000 / rate) {
		if (due - now() > 1) await sleep(due - now());
		sent.push(boss.send('latency', { t: now() }));
	}
	await Promise.all(sent);
	await until(() => values.length >= sent.length);
	answer({ [`${version} (listen/notify, 4 workers)`]: latencies(values) });
}

const commands = { drain: () => drain(+argument), latency: () => latency(+argument, +seconds) };
commands[command]().catch(error => { console.error(error); process.exit(1); });
