package io.headrace.admission;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StraysTest {

    private final Strays strays = new Strays();

    @Test
    void refusalsThatFindTheSameRateAgain_areNoEvidence() {
        for (int i = 0; i < 1_000; i++) {
            assertThat(strays.weigh(0.01, false, false)).isFalse();
        }
        assertThat(strays.areSuspected()).isFalse();
        assertThat(strays.cover()).isFalse();
    }

    @Test
    void refusalsAtEverDifferentRates_areSuspectedFirstAndProvenByThoseAtLessThanWasAccepted() {
        strays.weigh(0.2, false, false);
        assertThat(strays.areSuspected()).isFalse();
        strays.weigh(0.2, false, false);
        assertThat(strays.areSuspected()).isTrue();
        assertThat(strays.weigh(0.2, true, false)).isFalse();
        assertThat(strays.weigh(0.2, true, false)).isFalse();
        assertThat(strays.weigh(0.2, true, false)).isTrue();
    }

    @Test
    void refusalsThatSayNothing_changeNothing() {
        strays.weigh(0.2, false, true);
        strays.weigh(0.2, false, true);
        for (int i = 0; i < 1_000; i++) {
            assertThat(strays.weigh(Double.NaN, false, false)).isFalse();
            assertThat(strays.weigh(Double.NaN, true, false)).isFalse();
        }
        assertThat(strays.areSuspected()).isTrue();
    }

    @Test
    void whenProven_answersPayForTwiceTheirShareAndNoMore() {
        answersAndOneRefusal(19, 20);
        strays.prove();
        assertThat(answersAndOneRefusal(19, 100)).isEqualTo(100);
        assertThat(answersAndOneRefusal(1, 100)).isLessThan(30);
    }

    /** How many of the refusals were covered. */
    private int answersAndOneRefusal(int answers, int times) {
        int covered = 0;
        for (int i = 0; i < times; i++) {
            for (int j = 0; j < answers; j++) {
                strays.answered();
            }
            covered += strays.cover() ? 1 : 0;
            strays.refused();
        }
        return covered;
    }
}
