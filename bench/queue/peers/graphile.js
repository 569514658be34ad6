'use strict';
// graphile-worker:  graphile.js migrate | drain JOBS | latency default|batched
const {
	connect, pool, until, now, inputClosed, answer, latencies, Crew, versionOf,
} = require('./connect.js');
const worker = require('graphile-worker');
const [, , command, argument] = process.argv;
const version = versionOf('graphile-worker');
const silent = new worker.Logger(() => () => {});
process.env.NO_LOG_SUCCESS = '1';

// for throughput, as its documentation says: local queue, batched completion and failure; the sizes
// are the best of those tried on two cores
const PROCESSES = +(process.env.GRAPHILE_PROCESSES || 2);
const CONCURRENT = +(process.env.GRAPHILE_CONCURRENT || 100);
const LOCAL_QUEUE = +(process.env.GRAPHILE_LOCAL_QUEUE || 10000);
const batched = concurrentJobs => ({
	worker: {
		concurrentJobs, maxPoolSize: concurrentJobs + 1,
		localQueue: { size: LOCAL_QUEUE, refetchDelay: { durationMs: 10 } },
		completeJobBatchDelay: 0, failJobBatchDelay: 0,
	},
});
const plain = concurrentJobs => ({ worker: { concurrentJobs, maxPoolSize: concurrentJobs + 1 } });
const run = (preset, taskList) => worker.run({
	preset, logger: silent, taskList, noHandleSignals: true,
	pgPool: pool(preset.worker.maxPoolSize),
});
const migrate = async () => {
	const connections = pool(2);
	await worker.runMigrations({ preset: plain(1), logger: silent, pgPool: connections });
	await connections.end();
};

async function child() {
	let done = 0, runner;
	process.on('message', async word => {
		if (word === 'begin') {
			runner = await run(batched(CONCURRENT), { noop: () => { done++; } });
			setInterval(() => process.send({ done }), 5);
		} else {
			await runner.stop();
			process.exit(0);
		}
	});
	process.send({ ready: true });
}

async function drain(jobs) {
	await migrate();
	const client = await connect();
	await client.query('TRUNCATE graphile_worker._private_jobs');
	const crew = new Crew(__filename, PROCESSES, []);
	await client.query(`SELECT count(*) FROM graphile_worker.add_jobs(ARRAY(
		SELECT json_populate_record(NULL::graphile_worker.job_spec,
			json_build_object('identifier', 'noop', 'payload', json_build_object('id', i)))
		FROM generate_series(1, ${jobs}) i))`);
	await client.query('ANALYZE graphile_worker._private_jobs');
	await client.query('CHECKPOINT');
	const begun = await crew.begin();
	await until(() => crew.total() >= jobs);
	const left = 'SELECT FROM graphile_worker._private_jobs LIMIT 1';
	await until(async () => (await client.query(left)).rowCount === 0);
	const rate = jobs / (now() - begun) * 1000;
	await crew.end();
	const setting = `${PROCESSES} processes x ${CONCURRENT}, localQueue ${LOCAL_QUEUE}`;
	answer({ [`${version} (${setting}, batch delays 0)`]: rate });
}

async function latency(kind) {
	await migrate();
	const preset = kind === 'batched' ? batched(24) : plain(12);
	const values = [];
	const runner = await run(preset, {
		noop: () => {},
		latency: payload => { values.push(now() - payload.t * 1000); },
	});
	process.stdout.write('ready\n');
	await inputClosed();
	await runner.stop();
	const name = `${version} (${kind}, 1 process x ${preset.worker.concurrentJobs})`;
	answer({ [name]: latencies(values) });
}

const commands = {
	child,
	drain: () => drain(+argument),
	latency: () => latency(argument),
	migrate: async () => { await migrate(); answer({ version }); },
};
commands[command]().catch(error => { console.error(error); process.exit(1); });
