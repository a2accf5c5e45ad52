"""kill -9 of a server under load: the call log, what was used, limits, allowances and breakers are afterwards what they were,
to the last acknowledged write. That is for

- the call log: every call that /api/calls showed, and every call answered over two seconds before (it writes after 100 ms);
- what was used: the sums that /api/usage showed, which agree with the log's rows afterwards;
- limits and breakers: what was so over two seconds before (they are written every second);
- allowances: the log's costs. What was leased and not spent comes back, and calls answered in the last two seconds before
  a kill may go uncharged, but no others."""

import contextlib
import http.client
import itertools
import json
import os
import random
import signal
import subprocess
import threading
import time
import unittest
from decimal import Decimal

from studio import BIN, Server, StudioTest, atelier

NO_ANSWER = (OSError, http.client.HTTPException)
KILLS = int(os.environ.get('ATELIER_KILLS', '2'))
SEED = int(os.environ.get('ATELIER_SEED', '1'))
WRITTEN_S = 2  # after which everything has been written, with a wide margin
WORKERS = 6
TOKENS = 40
PRICE = {'litellm_provider': 'openai', 'mode': 'chat', 'input_cost_per_token': 0, 'output_cost_per_token': 1e-5}
COST = Decimal(TOKENS) * Decimal('0.00001')
ALLOWANCE = COST * 300 * (KILLS + 1)
WHOLE, STREAMED, BROKEN, REFUSED = 'double', 'double@token-gap=3', 'double@503', 'double@401'


def conversation(model, **fields):
    return json.dumps({'model': f'openai/{model}', 'max_tokens': TOKENS, 'messages': [{'role': 'user', 'content': f'[say {TOKENS}]'}], **fields})


class Double:
    def __enter__(self):
        models = [word for model in (WHOLE, STREAMED, BROKEN, REFUSED) for word in ('--model', model)]
        self.process = subprocess.Popen([BIN / 'provider-double', '--persona', 'openai', *models], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class Worker(threading.Thread):
    """Calls with one key, whole and perhaps streamed in turns, until it is refused or the server is gone."""

    def __init__(self, port, key, bodies):
        super().__init__()
        self.port, self.key, self.bodies = port, key, bodies
        self.answered = []   # (when, request id) of calls that were answered to their ends
        self.refusals = set()

    def run(self):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=30)
        try:
            for body in itertools.cycle(self.bodies):
                connection.request('POST', '/v1/chat/completions', body, {'Authorization': f'Bearer {self.key}', 'Content-Type': 'application/json'})
                answer = connection.getresponse()
                text = answer.read()
                if answer.status == 200:
                    self.answered.append((time.monotonic(), answer.headers['x-request-id']))
                elif answer.status != 503:  # of a machine so busy that leasing took too long: asked again
                    self.refusals.add((answer.status, json.loads(text)['error']['code']))
                    return
        except NO_ANSWER:
            pass
        finally:
            connection.close()


class AKilledGateway(StudioTest):
    def setUp(self):
        super().setUp()
        self.data = self.folder / 'data'
        prices = self.folder / 'prices.json'
        prices.write_text(json.dumps({model: PRICE for model in (WHOLE, STREAMED, BROKEN)}))
        double = Double()
        self.enterContext(double)
        self.settings = ('--set', f'models.price_files={prices}', '--set', 'models.find_local=false')
        self.environment = {'OPENAI_API_KEY': 'sk-double', 'OPENAI_BASE_URL': f'{double.url}/v1', 'XDG_CONFIG_HOME': str(self.folder / 'config')}
        self.chance = random.Random(SEED)

    def start(self):
        return self.enterContext(Server(self.data, *self.settings, environment=self.environment))

    def ask(self, server, key, model=WHOLE, **headers):
        return server.request('POST', '/v1/chat/completions', conversation(model), {'Content-Type': 'application/json', **headers}, key=key)

    def all_calls(self, server):
        """By number."""
        calls, before = {}, '0'
        while before:
            page = server.call('GET', f'/api/calls?limit=200&before={before}')
            calls.update((call['number'], call) for call in page['items'])
            before = page['next']
        return calls

    def used(self, server):
        """What was called and paid, by key."""
        return {row['key']: (row['calls'], row['output'], Decimal(row['cost'])) for row in server.call('GET', '/api/usage?by=key')['items']}

    def breakers(self, server):
        """Of the models that fail, once their provider's list has been read."""
        def read():
            listed = {item['name']: item['health'] for item in server.call('GET', '/api/models')['items']}
            return [listed.get(f'openai/{model}') for model in (BROKEN, REFUSED)]
        return self.wait(read, all)

    def wait(self, read, is_so, timeout_s=10):
        deadline = time.monotonic() + timeout_s
        while not is_so(value := read()):
            self.assertLess(time.monotonic(), deadline, f'still {value}')
            time.sleep(0.02)
        return value

    def trip(self, server):
        """The breakers, anew: one by failures in a row, one by a refused key."""
        def ask(model):
            with contextlib.suppress(*NO_ANSWER):  # it may be killed while it tries again
                self.ask(server, None, model)
        for model in (BROKEN, REFUSED):
            server.call('DELETE', f'/api/breakers/openai/{model}')
        for model in (*[BROKEN] * 5, REFUSED):
            thread = threading.Thread(target=ask, args=(model,))
            thread.start()
            self.addCleanup(thread.join)
        self.wait(lambda: self.breakers(server), lambda breakers: all(each['breaker'] == 'open' for each in breakers))

    def kill_and_compare(self, server, workers):
        calls, used, breakers = self.all_calls(server), self.used(server), self.breakers(server)
        time.sleep(self.chance.random() / 5)
        killed_at = time.monotonic()
        server.stop(signal.SIGKILL)
        for worker in workers:
            worker.join()
        answered = [entry for worker in workers for entry in worker.answered]
        self.late_answers += sum(when > killed_at - WRITTEN_S for when, _ in answered)
        restarted = self.start()
        calls_after, used_after, breakers_after = self.all_calls(restarted), self.used(restarted), self.breakers(restarted)

        for number, call in calls.items():
            self.assertEqual(calls_after.get(number), call)
        logged = [call['request_id'] for call in calls_after.values()]
        self.assertEqual(len(logged), len(set(logged)), 'a call was logged twice')
        lost = {request for when, request in answered if when < killed_at - WRITTEN_S} - set(logged)
        self.assertFalse(lost, 'answered long before the kill and not in the log')
        for key, before in used.items():
            for then, now in zip(before, used_after[key]):
                self.assertGreaterEqual(now, then)
        for key, (count, output, cost) in used_after.items():
            rows = [call for call in calls_after.values() if call['key'] == key]
            self.assertEqual((len(rows), sum(row['usage']['output'] for row in rows), sum(Decimal(row['cost']) for row in rows)), (count, output, cost))
        for then, now in zip(breakers, breakers_after):
            self.assertEqual((now['breaker'], now['is_account_fault']), ('open', then['is_account_fault']))
            self.assertLessEqual(now['opens_in_ms'], then['opens_in_ms'])
            self.assertGreater(now['opens_in_ms'], then['opens_in_ms'] - 10_000)
        return restarted

    def test_is_afterwards_what_it_was(self):
        self.late_answers = 0
        server = self.start()
        paying = server.call('POST', '/api/keys', {'name': 'paying', 'month_allowance': str(ALLOWANCE)})
        every_answer = 0
        for number in range(KILLS):
            key = server.call('POST', '/api/keys', {'name': f'limited-{number}', 'requests_per_minute': 1})['secret']
            self.assertEqual(self.ask(server, key).status, 200)
            self.trip(server)
            workers = self.put_to_work(server, paying, [conversation(WHOLE), conversation(STREAMED, stream=True)])
            time.sleep(WRITTEN_S + self.chance.random())
            server = self.kill_and_compare(server, workers)
            every_answer += sum(len(worker.answered) for worker in workers)
            refused = self.ask(server, key)
            self.assertEqual(refused.status, 429, 'the limit was forgotten')
            self.assertEqual(refused.json()['error']['code'], 'requests_per_minute')
            self.assertLessEqual(int(refused.headers['Retry-After']), 60)
        every_answer += self.spend_the_rest(server, paying)
        self.assertEqual(server.stop(), 0)  # which writes what the log has still in hand
        server = self.start()
        spent = self.used(server)[paying['id']][2]
        self.assertLessEqual(spent, ALLOWANCE)
        self.assertGreater(spent, ALLOWANCE - 2 * COST, 'a kill cost the key money that it had not spent')
        self.assertLessEqual(every_answer * COST, ALLOWANCE + self.late_answers * COST, 'the key spent more than it may')
        self.assertEqual(server.stop(), 0)
        doctor = atelier('doctor', '--json', '--data-dir', self.data)
        findings = {finding['subject']: finding for finding in json.loads(doctor.stdout)}
        self.assertEqual((doctor.returncode, findings['database']['level']), (0, 'ok'), doctor.stdout)

    def put_to_work(self, server, key, bodies):
        workers = [Worker(server.port, key['secret'], bodies) for _ in range(WORKERS)]
        for worker in workers:
            worker.start()
        return workers

    def spend_the_rest(self, server, paying):
        """Until the key is refused; how many calls were answered."""
        workers = self.put_to_work(server, paying, [conversation(WHOLE)])
        for worker in workers:
            worker.join()
            self.assertEqual(worker.refusals, {(429, 'allowance_month')})
        return sum(len(worker.answered) for worker in workers)


if __name__ == '__main__':
    unittest.main()
