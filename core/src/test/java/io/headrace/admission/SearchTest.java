package io.headrace.admission;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SearchTest {

    private final Search search = new Search();
    private double now;

    SearchTest() {
        search.begin();
    }

    @Test
    void refusalsOfEverything_endItAtOnce() {
        int refused = 0;
        while (search.goesOn() && refused < 100) {
            send(10);
            refuse();
            refused++;
        }
        assertThat(refused).isLessThanOrEqualTo(3);
    }

    @Test
    void halfRefused_endsItSoon() {
        int refused = 0;
        while (search.goesOn() && refused < 100) {
            send(10);
            send(10);
            refuse();
            refused++;
        }
        assertThat(refused).isLessThan(8);
    }

    @Test
    void oneRefusalInTwenty_endsItNever() {
        for (int i = 0; i < 1_000; i++) {
            for (int j = 0; j < 20; j++) {
                send(10);
            }
            assertThat(search.goesOn()).isTrue();
            refuse();
        }
        assertThat(search.hasGrown()).isFalse();
    }

    @Test
    void twiceAsMuchAcceptedAsAtFirst_provesStrays() {
        for (int rate = 10; rate <= 80 && !search.hasGrown(); rate *= 2) {
            refuse();
            for (int j = 0; j < 40; j++) {
                send(rate);
            }
        }
        assertThat(search.hasGrown()).isTrue();
    }

    @Test
    void burstAfterAPause_isNoGrowth() {
        for (int i = 0; i < 100; i++) {
            refuse();
            now += 1; // in which the server's bucket fills with ten
            for (int j = 0; j < 20; j++) {
                send(j < 10 ? 1_000 : 10);
            }
        }
        assertThat(search.hasGrown()).isFalse();
    }

    @Test
    void twiceTheRateInVain_endsIt() {
        for (int rate = 10; rate <= 80 && search.goesOn(); rate *= 2) {
            refuse();
            now += 2; // what is accepted does not grow, for the server names a time
            for (int j = 0; j < 20; j++) {
                send(rate);
            }
        }
        assertThat(search.goesOn()).isFalse();
        assertThat(search.hasGrown()).isFalse();
    }

    @Test
    void anew_nothingIsLeftOfTheLastOne() {
        refusalsOfEverything_endItAtOnce();
        search.begin();
        assertThat(search.goesOn()).isTrue();
        search.end();
        assertThat(search.goesOn()).isFalse();
    }

    private void send(double rate) {
        now += 1 / rate;
        search.sent(100, now, rate);
    }

    private void refuse() {
        search.refused(100, false, now, now);
    }
}
