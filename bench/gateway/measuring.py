"""What measuring costs: whole chat completions over 64 connections, the same binary with all of it and without (watch.measures),
in turns; and once more with every request's trace recorded whole, which is what a person sees who is alone."""
import time

from cost import load
from loads import spread, table
from servers import Atelier, Double, memory_mib

EVERY_TRACE = 10_000  # a second and loop: more than there are


class Studio(Atelier):
    def __init__(self, name, folder, port, bin_folder, **settings):
        self.name = name
        place = folder / name
        place.mkdir()
        super().__init__(place, port, bin_folder, models=['double'], **settings)


def measure(folder, options):
    rounds, seconds = options.rounds or 9, options.seconds or 4
    with Double(options.bin, '--load') as double, \
            Studio('off', folder, double.port, options.bin, watch__measures='false') as off, \
            Studio('on', folder, double.port, options.bin) as on, \
            Studio('every trace', folder, double.port, options.bin, watch__traces_per_second=EVERY_TRACE) as every:
        studios = (off, on, every)
        for studio in studios:
            load(studio, folder, 2, options.connections, studio.key)
        figures = {studio.name: [] for studio in studios}
        for turn in range(rounds):
            for studio in studios if turn % 2 == 0 else reversed(studios):
                figures[studio.name].append(load(studio, folder, seconds, options.connections, studio.key))
        time.sleep(1)
        memory = {studio.name: memory_mib(studio.process.pid) for studio in studios}
    print(f'{options.connections} connections, {rounds} rounds of {seconds} s in turns')

    def ratio(name):
        return spread([with_it['cpu_us'] / without['cpu_us'] for with_it, without in zip(figures[name], figures['off'])], 3)

    table(['', *figures, 'on / off', 'every trace / off', 'bound'], [
        ['processor time of a request, us', *[spread([one['cpu_us'] for one in figures[name]]) for name in figures], ratio('on'), ratio('every trace'), '<= 1.03 (on / off)'],
        ['requests/s', *[spread([one['rate'] for one in figures[name]], 0) for name in figures], '', '', '']])
    print('  memory after the load: ' + ', '.join(f'{name} {size:.1f} MiB' for name, size in memory.items()))
