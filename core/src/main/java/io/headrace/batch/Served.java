package io.headrace.batch;

/**
 * A lane that a queue serves, under the name by which packs know it.
 *
 * @param name provider and operation, the same in every process
 */
record Served<Q, R>(String name, BatchLane<Q, R> lane) {

    static <Q, R> Served<Q, R> of(BatchLane<Q, R> lane) {
        return new Served<>(lane.api().identity() + " " + lane.api().operation(), lane);
    }

    BatchApi<Q, R> api() {
        return lane.api();
    }
}
