package io.headrace.testkit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A simulated provider and a client of it, for each test. */
abstract class OverAClient {

    SimulatedProvider provider;
    Client client;

    /** How the provider is. */
    SimulatedProvider.Builder builder() {
        return SimulatedProvider.builder();
    }

    @BeforeEach
    final void start() {
        start(builder());
    }

    @AfterEach
    final void close() {
        client.close();
        provider.close();
    }

    final void restart(SimulatedProvider.Builder builder) {
        close();
        start(builder);
    }

    private void start(SimulatedProvider.Builder builder) {
        provider = builder.start();
        client = new Client(provider);
    }
}
