package io.headrace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

class WeakIdentityMapTest {

    private final WeakIdentityMap<String, Object> map = new WeakIdentityMap<>();

    @Test
    void equalObjects_haveValuesOfTheirOwn() {
        String one = new StringBuilder("id").toString();
        String other = new StringBuilder("id").toString();
        Object value = map.get(one, Object::new);

        assertThat(map.get(one)).isSameAs(value);
        assertThat(map.get(one, Object::new)).isSameAs(value);
        assertThat(map.get(other)).isNull();
        assertThat(map.get(other, Object::new)).isNotSameAs(value);
    }

    @Test
    void objectsOutOfUse_areForgottenAndOthersAreNot() {
        List<String> used = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            String id = "row-" + i;
            map.get(id, Object::new);
            if (i % 1_000 == 0) {
                used.add(id);
            }
        }

        for (int round = 0; map.size() > 20 && round < 1_000; round++) {
            System.gc();
            LockSupport.parkNanos(1_000_000); // a thread of the JVM tells of what is gone
        }

        assertThat(map.size()).isEqualTo(20);
        assertThat(used).allSatisfy(id -> assertThat(map.get(id)).isNotNull());
    }

    @Test
    void firstCallsThatRace_getOneValue() {
        List<String> ids = IntStream.range(0, 200).mapToObj(i -> "row-" + i).toList();
        Set<Object> values = Collections.synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));
        CountDownLatch both = new CountDownLatch(2);

        Flux.range(0, 2)
                .flatMap(thread -> Mono.fromRunnable(() -> {
                            both.countDown();
                            while (both.getCount() > 0) {
                                Thread.onSpinWait();
                            }
                            ids.forEach(id -> values.add(map.get(id, Object::new)));
                        })
                        .subscribeOn(Schedulers.boundedElastic()))
                .blockLast();

        assertThat(values).hasSize(ids.size());
    }
}
