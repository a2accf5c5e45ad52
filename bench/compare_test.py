"""The statistics of compare.py: what it calls a change, and what it does not."""
import random
import unittest

import compare


def drawn(seed, count, median, noise):
    chance = random.Random(seed)
    return [median * chance.lognormvariate(0, noise) for _ in range(count)]


class Statistics(unittest.TestCase):
    def test_the_sign_test_is_the_binomial_one(self):
        self.assertEqual(compare.sign_test([1.1] * 10), 2 / 2 ** 10)
        self.assertAlmostEqual(compare.sign_test([1.1] * 8 + [0.9] * 2), 2 * (45 + 10 + 1) / 1024)
        self.assertEqual(compare.sign_test([1.1] * 5 + [0.9] * 5), 1)
        self.assertEqual(compare.sign_test([1, 1, 1]), 1, 'ties say nothing')

    def test_the_interval_holds_the_median_about_as_often_as_it_says(self):
        held = 0
        for seed in range(200):
            low, high = compare.bootstrap_interval(drawn(seed, 20, 1, 0.1), samples=400)
            held += low <= 1 <= high
        self.assertGreaterEqual(held, 180)
        self.assertLess(held, 200, 'an interval that always holds says nothing')

    def test_a_change_is_told_and_noise_is_not(self):
        before = drawn(1, 10, 100, 0.02)
        slower = compare.compare(before, [value * ratio for value, ratio in zip(before, drawn(2, 10, 1.1, 0.02))])
        self.assertEqual(slower['verdict'], 'worse')
        self.assertAlmostEqual(slower['ratio'], 1.1, delta=0.03)
        self.assertLess(slower['low'], slower['ratio'])
        quicker = compare.compare(before, [value * 0.8 for value in before])
        self.assertEqual((quicker['verdict'], round(quicker['ratio'], 9)), ('better', 0.8))
        wrong = sum(compare.compare(drawn(2 * seed, 10, 100, 0.05), drawn(2 * seed + 1, 10, 100, 0.05))['verdict'] != 'same' for seed in range(100))
        self.assertLessEqual(wrong, 8)

    def test_as_few_rounds_as_there_may_be_have_to_agree(self):
        before = [100] * compare.ROUNDS_MIN
        self.assertEqual(compare.compare(before, [120, 121, 122, 119, 120, 121])['verdict'], 'worse')
        self.assertEqual(compare.compare(before, [120, 121, 122, 119, 120, 99])['verdict'], 'same')
        self.assertEqual(compare.compare(before[1:], [120, 121, 122, 119, 120])['verdict'], 'same', 'chance does that once in sixteen times')

    def test_who_begins_changes(self):
        order = []

        def measure(which):
            order.append(which)
            return {'x': which + 1}
        before, now = compare.in_turns(3, measure)
        self.assertEqual(order, [0, 1] + [0, 1, 1, 0, 0, 1])
        self.assertEqual((before, now), ({'x': [1, 1, 1]}, {'x': [2, 2, 2]}))


if __name__ == '__main__':
    unittest.main()
