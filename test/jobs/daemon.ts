/** Stands in for a daemon that dies: opens the queue of VERA_HOME, submits the given job, prints its number, and continues. */
import { submit } from '../../daemon/protocol/jobs.ts';
import { ACTOR, openQueue } from '../queue.ts';

const [home = '', spec] = process.argv.slice(2);
const { queue, catalog } = await openQueue(home);
catalog.onEvents((events) => {
  for (const { body } of events)
    if (body.type === 'worker') console.log(`${body.event.event} ${'step' in body.event ? body.event.step : ''}`);
    else if (body.type === 'job') console.log(`job ${body.job.id} ${body.job.state}`);
});
if (spec !== undefined) await queue.submit(submit.params.parse({ spec: JSON.parse(spec) as unknown }), ACTOR);
