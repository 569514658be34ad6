'use strict';
// PgQ:  pgq.js drain JOBS [BATCH]
// The consumer loop of PgQ's own clients: next batch, its events to the client, a handler called
// for each, finish.
const { connect, now, answer } = require('./connect.js');
const [, , command, argument, size] = process.argv;
const BATCH = +(size || 1000);

async function drain(jobs) {
	const client = await connect();
	await client.query('DROP EXTENSION IF EXISTS pgq CASCADE; CREATE EXTENSION pgq');
	await client.query(`SELECT pgq.create_queue('q'), pgq.register_consumer('q', 'c')`);
	await client.query(`SELECT pgq.set_queue_config('q', 'ticker_max_count', '${BATCH}'),
		pgq.set_queue_config('q', 'ticker_max_lag', '10 milliseconds')`);
	for (let from = 1; from <= jobs; from += BATCH) {
		// a tick closes a batch: each has its size, as with a ticker that is as quick as it can be
		await client.query(`SELECT
			count(pgq.insert_event('q', 'noop', json_build_object('id', i)::text))
			FROM generate_series(${from}, ${Math.min(jobs, from + BATCH - 1)}) i`);
		await client.query(`SELECT pgq.force_tick('q')`);
		await client.query(`SELECT pgq.ticker('q')`);
	}
	await client.query('ANALYZE');
	await client.query('CHECKPOINT');
	let done = 0;
	const handler = event => { if (event[1] === 'noop') done++; };
	const begun = now();
	while (done < jobs) {
		const next = await client.query({
			name: 'next', text: `SELECT pgq.next_batch('q', 'c')`, rowMode: 'array',
		});
		const batch = next.rows[0][0];
		if (batch === null) throw new Error(`no batch after ${done} events`);
		const events = await client.query({
			name: 'events', text: 'SELECT ev_id, ev_type, ev_data FROM pgq.get_batch_events($1)',
			values: [batch], rowMode: 'array',
		});
		events.rows.forEach(handler);
		await client.query({
			name: 'finish', text: 'SELECT pgq.finish_batch($1)', values: [batch],
		});
	}
	const found = await client.query(
		`SELECT extversion FROM pg_extension WHERE extname = 'pgq'`);
	const version = found.rows[0].extversion;
	const rate = jobs / (now() - begun) * 1000;
	answer({ [`PgQ ${version} (batches of ${BATCH}, one consumer)`]: rate });
}

drain(+argument).catch(error => { console.error(error); process.exit(1); });
