package io.headrace.admission;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against servers that tell none of their limits, in simulated time. */
class AdaptiveLimitsTest {

    @ParameterizedTest
    @CsvSource({
        "10, 0.02", "10, 0.5", "10, 5",
        "600, 0.02", "600, 0.5", "600, 5",
    })
    void hiddenRequestLimit_isUsed(double burst, double latency) {
        for (HiddenServer.Hint hint : HiddenServer.Hint.values()) {
            HiddenServer server = HiddenServer.requests(600, burst, latency, hint, 1);
            assertUsed(server, 10, false);
        }
    }

    @ParameterizedTest
    @CsvSource({"0.02", "0.5", "5"})
    void hiddenConcurrencyLimit_isUsed(double latency) {
        HiddenServer server = HiddenServer.concurrency(32, latency, HiddenServer.Hint.NONE, 1);
        assertUsed(server, 32 / (latency + Math.min(latency / 8, 0.005)), false);
    }

    private static void assertUsed(HiddenServer server, double perSecond, boolean uneven) {
        HungryClients clients = clients(server, new AdaptiveLimits(), uneven);
        clients.runUntil(30);
        double before = server.accepted();
        clients.runUntil(120);
        assertThat((server.accepted() - before) / 90).as("a second, after 30 s").isGreaterThan(0.95 * perSecond);
        assertThat((double) clients.refused / clients.sent).as("refused").isLessThan(0.025);
    }

    private static HungryClients clients(HiddenServer server, AdaptiveLimits limits, boolean uneven) {
        return new HungryClients(server, List.of(new CoolDown(), limits), 1_000, uneven, 1);
    }
}
