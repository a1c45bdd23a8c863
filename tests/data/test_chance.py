import numpy as np

from cafe_edu.data.chance import BATCH, EPOCH, START, generator, order, seed_from


def test_one_seed_gives_one_sequence_of_seeds():
    one, other = np.random.default_rng(7), np.random.default_rng(7)
    seeds = [seed_from(one) for _ in range(50)]
    other.random(100)  # what the rng drew before does not matter
    assert [seed_from(other) for _ in range(50)] == seeds
    assert len({*seeds}) == 50
    assert all(0 <= seed < 2**53 for seed in seeds)
    assert seed_from(np.random.default_rng(8)) != seeds[0]


def test_every_batch_and_epoch_has_a_generator_of_its_own():
    places = [(s, p, n, part) for s in (0, 1) for p in (BATCH, EPOCH, START) for n in range(3) for part in range(3)]
    assert len({generator(*place).random() for place in places}) == len(places)
    assert generator(5, BATCH, 3).random() == generator(5, BATCH, 3).random()


def test_all_orders_come_up_about_as_often():
    found = [tuple(order(3, seed=0, epoch=epoch).tolist()) for epoch in range(1200)]
    counts = [found.count(one) for one in {*found}]
    assert len(counts) == 6
    assert min(counts) > 150
    assert max(counts) < 250
