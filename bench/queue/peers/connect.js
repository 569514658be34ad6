'use strict';
// Shared by the peers' programs: a connection to the server of PGHOST and PGDATABASE, the time, and
// processes that wait for a word before they begin.
const { fork } = require('child_process');
const { readFileSync } = require('fs');
const { Client, Pool } = require('pg');

const address = () => ({
	host: process.env.PGHOST, port: +process.env.PGPORT,
	user: process.env.PGUSER, database: process.env.PGDATABASE,
});
const connect = async () => {
	const client = new Client(address());
	await client.connect();
	return client;
};
const pool = most => new Pool({ ...address(), max: most })
	.on("error", () => {}).on("connect", c => c.on("error", () => {}));
const versionOf = name => {
	const file = readFileSync(`${process.env.NODE_PATH}/${name}/package.json`);
	return `${name} ${JSON.parse(file).version}`;
};
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));
// milliseconds of the wall clock, finer than Date.now()
const now = () => performance.timeOrigin + performance.now();
const until = async (condition, ms = 3) => { while (!await condition()) await sleep(ms); };
// the other side closes our input when it has had enough
const inputClosed = () => new Promise(resolve => process.stdin.on('end', resolve).resume());
const answer = object => {
	process.stdout.write(JSON.stringify(object) + '\n', () => process.exit(0));
};
const percentile = (values, p) =>
	values[Math.min(values.length - 1, Math.floor(values.length * p))];
const latencies = values => {
	values.sort((a, b) => a - b);
	return { n: values.length, p50: percentile(values, 0.5), p99: percentile(values, 0.99) };
};

// Worker processes: they load their modules, say so, and begin when told to; `done` is how many
// jobs they have run.
class Crew {
	constructor(file, size, args) {
		this.ready = 0;
		this.done = new Array(size).fill(0);
		this.children = this.done.map((_, i) => {
			const child = fork(file, ['child', ...args]);
			child.on('message', message => {
				if (message.ready) this.ready++; else this.done[i] = message.done;
			});
			child.on('exit', code => { if (code) process.exit(code); });
			return child;
		});
	}
	async begin() {
		await until(() => this.ready === this.children.length);
		this.children.forEach(child => child.send('begin'));
		return now();
	}
	total() { return this.done.reduce((a, b) => a + b, 0); }
	async end() {
		await Promise.all(this.children.map(child => new Promise(resolve => {
			child.on('exit', resolve);
			child.send('end');
		})));
	}
}

module.exports = {
	address, versionOf, connect, pool, sleep, now, until, inputClosed, answer, latencies, Crew,
};
