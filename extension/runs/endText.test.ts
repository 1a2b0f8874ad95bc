import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runVerdict } from '../../daemon/protocol/verdict.ts';
import { downloadedText, failedText, readyText } from './endText.ts';

test('a run that ended well: its name, whether it helped, and by how much', () => {
  const verdict = (evalLoss: number | null) =>
    runVerdict({ baseEvalLoss: evalLoss === null ? null : 2.378, evalLoss, lossNoise: 0.004, heldOutRows: 22 });
  assert.equal(
    readyText('src-vera', verdict(2.341)),
    'src-vera is ready. It helped. On 22 held-out rows, the loss fell from 2.38 to 2.34 (1.6 % lower).',
  );
  assert.match(
    readyText('src-vera', verdict(2.5)),
    /^src-vera is ready\. It did not help\. .*Try a lower learning rate/,
  );
  assert.match(readyText('src-vera', verdict(2.377)), /^src-vera is ready\. It made no clear difference\. /);
  assert.match(readyText('src-vera', verdict(null)), /^src-vera is ready\. No rows were held out/);
  assert.equal(readyText('a\nb', null), 'a b is ready.');
});

test('what failed says what and why in one line', () => {
  const error = { code: 'io' as const, message: 'no space left\non the disk' };
  assert.equal(
    failedText({ kind: 'train', title: 'Train src-vera', spec: { kind: 'train' }, error }),
    'Train src-vera failed: no space left on the disk',
  );
  const download = { kind: 'download', title: 'Fetch x', spec: { kind: 'download', base: 'owner/model' } };
  assert.equal(failedText({ ...download, error }), 'The download of model failed: no space left on the disk');
  assert.equal(downloadedText(download), 'model is downloaded and can be fine-tuned.');
});
