package io.headrace.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.headrace.Priority;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FairQueueTest {

    private static final long AGEING = Duration.ofSeconds(10).toNanos();

    private final FairQueue<String> queue = new FairQueue<>(Map.of("two", 2.0, "five", 5.0), AGEING);
    private long now;

    private Entry<String> wait(String name, String tenant, Priority priority, long tokens) {
        Entry<String> entry = new Entry<>(name, tenant, priority, tokens, false, null);
        entry.since = now;
        queue.add(entry);
        return entry;
    }

    private Entry<String> again(String name) {
        Entry<String> entry = new Entry<>(name, "", Priority.BATCH, 1, true, null);
        queue.add(entry);
        return entry;
    }

    private @Nullable String next() {
        Entry<String> entry = queue.peek(now);
        if (entry == null) {
            return null;
        }
        queue.admit(entry, now);
        queue.settle(entry, entry.tokens);
        return entry.waiting;
    }

    private List<String> all() {
        List<String> order = new ArrayList<>();
        for (String next = next(); next != null; next = next()) {
            order.add(next);
        }
        return order;
    }

    @Test
    void oneTenant_goesInTheOrderItCame() {
        for (String name : List.of("a", "b", "c")) {
            wait(name, "", Priority.BATCH, 7);
        }
        assertThat(all()).containsExactly("a", "b", "c");
        assertThat(queue.size()).isZero();
        assertThat(queue.peek(now)).isNull();
    }

    @Test
    void thoseThatGoAgain_areFirstOfTheirTenantAndKeepTheirOrder() {
        wait("a", "", Priority.BATCH, 1);
        wait("b", "", Priority.BATCH, 1);
        again("r1");
        again("r2");
        assertThat(next()).isEqualTo("r1");
        again("r3");
        assertThat(all()).containsExactly("r2", "r3", "a", "b");
    }

    @Test
    void higherPriority_goesFirst() {
        wait("batch", "", Priority.BATCH, 1);
        wait("normal", "", Priority.NORMAL, 1);
        wait("interactive", "", Priority.INTERACTIVE, 1);
        assertThat(all()).containsExactly("interactive", "normal", "batch");
    }

    @Test
    void lowPriorityThatHasWaitedLong_getsOneTurnInTen() {
        for (int i = 0; i < 100; i++) {
            wait("low", "", Priority.BATCH, 1);
        }
        for (int i = 0; i < 1_000; i++) {
            wait("high", "", Priority.INTERACTIVE, 1);
        }
        int low = 0;
        for (int i = 0; i < 100; i++) {
            low += "low".equals(next()) ? 1 : 0;
        }
        assertThat(low).as("before the time of ageing").isZero();
        now += AGEING;
        for (int i = 0; i < 500; i++) {
            low += "low".equals(next()) ? 1 : 0;
        }
        assertThat(low).isEqualTo(50);
    }

    @Test
    void interactiveBehindTenThousandAgedOnes_waitsForOneTurnAtMost() {
        for (int i = 0; i < 10_000; i++) {
            wait("low", "t" + i % 10, Priority.BATCH, 1);
        }
        now += 100 * AGEING;
        for (int i = 0; i < 50; i++) {
            next();
        }
        wait("high", "", Priority.INTERACTIVE, 1);
        assertThat(List.of(String.valueOf(next()), String.valueOf(next()))).contains("high");
    }

    @Test
    void shares_areByTokensAndWeights() {
        Random random = new Random(5);
        Map<String, Long> got = new HashMap<>();
        for (String tenant : List.of("one", "two", "five")) {
            got.put(tenant, 0L);
            more(random, tenant);
            more(random, tenant);
        }
        for (int i = 0; i < 100_000; i++) {
            Entry<String> entry = Objects.requireNonNull(queue.peek(now));
            queue.admit(entry, now);
            queue.settle(entry, entry.tokens);
            got.merge(entry.tenant, entry.tokens, Long::sum);
            more(random, entry.tenant);
        }
        double total = got.values().stream().mapToLong(Long::longValue).sum();
        assertThat(got.get("one") / total).isEqualTo(1 / 8.0, within(0.005));
        assertThat(got.get("two") / total).isEqualTo(2 / 8.0, within(0.005));
        assertThat(got.get("five") / total).isEqualTo(5 / 8.0, within(0.005));
    }

    /** Tenant "two" sends requests ten times as large. */
    private void more(Random random, String tenant) {
        wait(tenant, tenant, Priority.BATCH, (tenant.equals("two") ? 10 : 1) * (50 + random.nextInt(100)));
    }

    @Test
    void tenantsThatSendOneAfterAnother_getNoMoreThanTheirShare() {
        Map<String, Long> got = new HashMap<>(Map.of("greedy", 0L, "eager", 0L));
        wait("g", "greedy", Priority.BATCH, 100);
        wait("e", "eager", Priority.BATCH, 1_000);
        for (int i = 0; i < 20_000; i++) {
            Entry<String> entry = Objects.requireNonNull(queue.peek(now));
            queue.admit(entry, now); // eager is empty for a moment each time, and comes back
            queue.settle(entry, entry.tokens);
            got.merge(entry.tenant, entry.tokens, Long::sum);
            wait(entry.waiting, entry.tenant, Priority.BATCH, entry.tokens);
            if (entry.tenant.equals("greedy")) {
                wait("g", "greedy", Priority.BATCH, 100);
            }
        }
        double total = got.get("greedy") + got.get("eager");
        assertThat(got.get("eager") / total).isEqualTo(0.5, within(0.01));
    }

    @Test
    void whatWasReallyUsed_correctsTheShare() {
        Map<String, Long> got = new HashMap<>(Map.of("honest", 0L, "hopeful", 0L));
        for (int i = 0; i < 2; i++) {
            wait("", "honest", Priority.BATCH, 100);
            wait("", "hopeful", Priority.BATCH, 100);
        }
        for (int i = 0; i < 20_000; i++) {
            Entry<String> entry = Objects.requireNonNull(queue.peek(now));
            queue.admit(entry, now);
            long used = entry.tenant.equals("hopeful") ? 400 : 100;
            wait("", entry.tenant, Priority.BATCH, 100);
            queue.settle(entry, used);
            got.merge(entry.tenant, used, Long::sum);
        }
        double total = got.get("honest") + got.get("hopeful");
        assertThat(got.get("hopeful") / total).isEqualTo(0.5, within(0.01));
    }

    /** A burst goes out with high bounds on its answers, another tenant comes, and the answers turn out to be short. */
    @Test
    void newTenant_doesNotWaitForWhatTheOthersHaveNotUsed() {
        List<Entry<String>> burst = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            wait("old", "old", Priority.BATCH, 4_000);
        }
        for (int i = 0; i < 100; i++) {
            Entry<String> entry = Objects.requireNonNull(queue.peek(now));
            queue.admit(entry, now);
            burst.add(entry);
        }
        wait("new", "new", Priority.BATCH, 4_000);
        burst.forEach(entry -> queue.settle(entry, 100));
        assertThat(List.of(next() + "", next() + "")).contains("new");
    }

    @Test
    void tenantThatWasForgotten_isNotCreditedForWhatItWasChargedBefore() {
        List<Entry<String>> burst = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            Entry<String> entry = wait("before", "old", Priority.BATCH, 4_000);
            queue.admit(entry, now);
            burst.add(entry);
        }
        for (int i = 0; i < 1_000; i++) {
            wait("old", "old", Priority.BATCH, 4_000);
        }
        burst.forEach(entry -> queue.settle(entry, 100));
        wait("new", "new", Priority.BATCH, 4_000);
        assertThat(List.of(next() + "", next() + "")).contains("new");
    }

    @Test
    void newTenant_startsWhereTheOthersAre() {
        for (int i = 0; i < 1_000; i++) {
            wait("old", "old", Priority.BATCH, 100);
        }
        for (int i = 0; i < 500; i++) {
            next();
        }
        for (int i = 0; i < 100; i++) {
            wait("new", "new", Priority.BATCH, 100);
        }
        int fresh = 0;
        for (int i = 0; i < 100; i++) {
            fresh += "new".equals(next()) ? 1 : 0;
        }
        assertThat(fresh).isBetween(49, 51);
    }

    @Test
    void randomComingAndGoing_losesNobody() {
        Random random = new Random(11);
        List<Entry<String>> inLine = new ArrayList<>();
        ArrayDeque<String> served = new ArrayDeque<>();
        int came = 0;
        int left = 0;
        for (int i = 0; i < 100_000; i++) {
            int what = random.nextInt(10);
            now += random.nextInt(10_000_000);
            if (what < 5) {
                Priority priority = Priority.values()[random.nextInt(3)];
                Entry<String> entry = new Entry<>(
                        "p" + i, "t" + random.nextInt(20), priority, random.nextInt(100), random.nextInt(4) == 0, null);
                queue.add(entry);
                inLine.add(entry);
                came++;
            } else if (what < 7 && !inLine.isEmpty()) {
                queue.remove(inLine.remove(random.nextInt(inLine.size())));
                left++;
            } else {
                Entry<String> entry = queue.peek(now);
                if (entry != null) {
                    queue.admit(entry, now);
                    assertThat(inLine.remove(entry)).isTrue();
                    served.add(entry.waiting);
                    queue.settle(entry, random.nextInt(100));
                }
            }
            assertThat(queue.size()).isEqualTo(inLine.size());
        }
        served.addAll(all());
        assertThat(served).hasSize(came - left).doesNotHaveDuplicates();
    }

    @Test
    void tenants_areForgottenWhenNobodyWaits() {
        for (int i = 0; i < 1_000; i++) {
            wait("x", "t" + i, Priority.BATCH, 10);
        }
        assertThat(queue.tenants()).isEqualTo(1_000);
        for (int i = 0; i < 999; i++) {
            next();
        }
        assertThat(queue.tenants()).as("all are ahead of the one that waits").isEqualTo(1_000);
        next();
        assertThat(queue.tenants()).isZero();
    }

    @Test
    void tenantThatIsNoMoreAheadOfThoseWhoWait_isForgottenWhenTheNextOneRests() {
        wait("x", "once", Priority.BATCH, 10);
        for (int i = 0; i < 10; i++) {
            wait("y", "always", Priority.BATCH, 10);
        }
        assertThat(next()).isEqualTo("x");
        assertThat(queue.tenants()).isEqualTo(2);
        assertThat(next()).isEqualTo("y");
        assertThat(next()).isEqualTo("y"); // now it has had as much
        wait("z", "new", Priority.BATCH, 10);
        assertThat(queue.tenants()).isEqualTo(3);
        assertThat(next()).isEqualTo("z");
        assertThat(queue.tenants()).isEqualTo(2);
    }
}
