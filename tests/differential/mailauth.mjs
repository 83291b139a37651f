// Verifies one message a line with npm mailauth: JSON in, JSON out. MAILAUTH names the folder of the package.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(process.env.MAILAUTH + '/package.json');
const { authenticate } = require(process.env.MAILAUTH);

const failure = (code) => Object.assign(new Error(code), { code });

function resolverOver(zone) {
    return async (name, type) => {
        const records = zone[name.toLowerCase().replace(/\.$/, '')];
        if (!records) throw failure('ENOTFOUND');
        if (records.FAIL) throw failure('ETIMEOUT');
        const found = records[type];
        if (!found) throw failure('ENODATA');
        if (type === 'TXT') return found.map((text) => [text]);
        if (type === 'MX') return found.map((text) => ({ priority: Number(text.split(' ')[0]), exchange: text.split(' ')[1] }));
        return found;
    };
}

for await (const line of createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    let told;
    try {
        const { dkim, spf, dmarc, arc } = await authenticate(Buffer.from(asked.raw, 'base64'), {
            ip: asked.address,
            helo: asked.helo,
            sender: asked.sender,
            mta: 'mx.house.example',
            resolver: resolverOver(asked.zone),
            disableBimi: true,
        });
        told = {
            dkim: dkim.results.map((one) => one.status.result),
            spf: spf ? spf.status.result : 'none',
            dmarc: dmarc ? dmarc.status.result : 'none',
            arc: arc ? arc.status.result : 'none',
            arc_comment: arc ? arc.status.comment : '',
        };
    } catch (error) {
        told = { error: String(error) };
    }
    process.stdout.write('told ' + JSON.stringify(told) + '\n'); // the package itself may print
}
