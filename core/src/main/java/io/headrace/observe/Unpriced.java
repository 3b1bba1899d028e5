package io.headrace.observe;

import io.headrace.Cost;
import io.headrace.Usage;

/** Reads the same off answers as another meter, and knows no prices. */
record Unpriced<Q, R>(Meter<Q, R> meter) implements Meter<Q, R> {

    @Override
    public Cost ceiling(Q request) {
        return Cost.UNKNOWN;
    }

    @Override
    public Usage usage(R answer) {
        return meter.usage(answer);
    }

    @Override
    public Cost cost(R answer) {
        return Cost.UNKNOWN;
    }

    @Override
    public String model(R answer) {
        return meter.model(answer);
    }

    @Override
    public String requestId(R answer) {
        return meter.requestId(answer);
    }
}
