package io.headrace.layer;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.layer.RetryBudget.Verdict;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class RetryBudgetTest {

    private static ApiException error(ErrorKind kind) {
        return ApiException.builder(kind, "no").build();
    }

    private static ApiException rateLimited(Duration retryAfter) {
        return ApiException.builder(ErrorKind.RATE_LIMITED, "slow down")
                .retryAfter(retryAfter)
                .build();
    }

    private static Verdict again(ErrorKind kind, Duration delay) {
        return new Verdict.Again(kind, delay);
    }

    @Test
    void permanentError_stopsWithoutAWord() {
        RetryBudget budget = new RetryBudget(RetrySpec.standard());
        assertThat(budget.failed(error(ErrorKind.AUTHENTICATION), ZERO)).isEqualTo(new Verdict.Stop(null));
        assertThat(new RetryBudget(RetrySpec.standard()).failed(new IllegalStateException(), ZERO))
                .isEqualTo(new Verdict.Stop(null));
    }

    @Test
    void gateThatGaveUp_speaksForItself() {
        RetryBudget budget = new RetryBudget(RetrySpec.standard());
        assertThat(budget.failed(error(ErrorKind.TIMEOUT), ZERO)).isInstanceOf(Verdict.Again.class);
        ApiException gaveUp = ApiException.builder(ErrorKind.UNAVAILABLE, "gate 'g': no call was answered")
                .delivery(Delivery.NOT_SENT)
                .build();
        assertThat(budget.failed(gaveUp, ofSeconds(32))).isEqualTo(new Verdict.Stop(null));
    }

    @Test
    void serversWordOnRetrying_overrulesTheKinds() {
        RetryBudget budget = new RetryBudget(RetrySpec.fixedDelay(5, ofSeconds(1)));
        ApiException doNot = ApiException.builder(ErrorKind.SERVER_ERROR, "no")
                .isTransient(false)
                .build();
        ApiException doIt = ApiException.builder(ErrorKind.INVALID_REQUEST, "no")
                .isTransient(true)
                .build();
        assertThat(budget.failed(doIt, ZERO)).isEqualTo(again(ErrorKind.INVALID_REQUEST, ofSeconds(1)));
        assertThat(budget.failed(doNot, ofSeconds(1))).isEqualTo(new Verdict.Stop("attempt 2, after 1 s of retries"));
    }

    @Test
    void kinds_haveTheirOwnBackoffAndTheirOwnCount() {
        RetryBudget budget = new RetryBudget(RetrySpec.fixedDelay(9, ofSeconds(1))
                .on(
                        ErrorKind.RATE_LIMITED,
                        Backoff.exponential(ofSeconds(2), ofMinutes(1)).withJitter(Jitter.NONE),
                        9)
                .on(ErrorKind.TIMEOUT, Backoff.fixed(ofSeconds(5)), 2));
        assertThat(budget.failed(error(ErrorKind.RATE_LIMITED), ZERO))
                .isEqualTo(again(ErrorKind.RATE_LIMITED, ofSeconds(2)));
        assertThat(budget.failed(error(ErrorKind.SERVER_ERROR), ZERO))
                .isEqualTo(again(ErrorKind.SERVER_ERROR, ofSeconds(1)));
        assertThat(budget.failed(error(ErrorKind.RATE_LIMITED), ZERO))
                .isEqualTo(again(ErrorKind.RATE_LIMITED, ofSeconds(4)));
        assertThat(budget.failed(error(ErrorKind.TIMEOUT), ZERO)).isEqualTo(again(ErrorKind.TIMEOUT, ofSeconds(5)));
        assertThat(budget.failed(error(ErrorKind.TIMEOUT), ofSeconds(30)))
                .isEqualTo(new Verdict.Stop(
                        "attempt 5, after 30 s of retries: no more are allowed after 2 of kind timeout"));
    }

    @Test
    void attempts_areBoundedOverAllKinds() {
        RetryBudget budget = new RetryBudget(RetrySpec.fixedDelay(2, ofSeconds(1)));
        assertThat(budget.failed(error(ErrorKind.TIMEOUT), ZERO)).isInstanceOf(Verdict.Again.class);
        assertThat(budget.failed(error(ErrorKind.TRANSPORT), Duration.ofMillis(3456)))
                .isEqualTo(new Verdict.Stop("attempt 2 of 2, after 3.4 s of retries"));
    }

    @Test
    void attemptsOfAKind_areNamedAsAllWhereThereWasNoOther() {
        RetryBudget budget = new RetryBudget(RetrySpec.standard());
        Duration elapsed = ZERO;
        while (budget.failed(error(ErrorKind.SERVER_ERROR), elapsed) instanceof Verdict.Again) {
            elapsed = elapsed.plus(Duration.ofMillis(150));
        }
        assertThat(new RetryBudget(RetrySpec.fixedDelay(1, ofSeconds(1))).failed(error(ErrorKind.TIMEOUT), ZERO))
                .isEqualTo(new Verdict.Stop("attempt 1 of 1"));
        assertThat(budget.failures()).isEqualTo(5);
        assertThat(budget.failed(error(ErrorKind.SERVER_ERROR), ofMinutes(2)))
                .isEqualTo(new Verdict.Stop("attempt 6 of 6, after 2 min of retries"));
        assertThat(budget.failed(error(ErrorKind.REFUSED), Duration.ofMillis(700)))
                .isEqualTo(new Verdict.Stop("attempt 7, after 700 ms of retries"));
    }

    @Test
    void retryAfter_isAFloorAndNoCeiling() {
        RetryBudget budget = new RetryBudget(RetrySpec.fixedDelay(5, ofSeconds(10)));
        assertThat(budget.failed(rateLimited(ofSeconds(3)), ZERO))
                .isEqualTo(again(ErrorKind.RATE_LIMITED, ofSeconds(10)));
        assertThat(budget.failed(rateLimited(ofSeconds(42)), ZERO))
                .isEqualTo(again(ErrorKind.RATE_LIMITED, ofSeconds(42)));
    }

    @Test
    void retryAfterAboveTheCap_stops() {
        RetryBudget budget = new RetryBudget(RetrySpec.standard());
        assertThat(budget.failed(rateLimited(ofMinutes(11)), ZERO))
                .isEqualTo(new Verdict.Stop("attempt 1: the server asks to wait 11 min, more than the 10 min allowed"));
        assertThat(new RetryBudget(RetrySpec.standard()).failed(rateLimited(Duration.ofSeconds(Long.MAX_VALUE)), ZERO))
                .isInstanceOf(Verdict.Stop.class);
        RetrySpec impatient = RetrySpec.standard().maxRetryAfter(ofSeconds(5));
        assertThat(new RetryBudget(impatient).failed(rateLimited(ofSeconds(5)), ZERO))
                .isInstanceOf(Verdict.Again.class);
        assertThat(new RetryBudget(impatient).failed(rateLimited(ofSeconds(6)), ZERO))
                .isInstanceOf(Verdict.Stop.class);
    }

    @Test
    void waitThatWouldPassTheTimeAllowed_isNotBegun() {
        RetryBudget budget =
                new RetryBudget(RetrySpec.fixedDelay(50, ofSeconds(10)).maxElapsed(ofSeconds(30)));
        assertThat(budget.failed(error(ErrorKind.TIMEOUT), ofSeconds(20))).isInstanceOf(Verdict.Again.class);
        assertThat(budget.failed(error(ErrorKind.TIMEOUT), ofSeconds(21)))
                .isEqualTo(new Verdict.Stop(
                        "attempt 2, after 21 s of retries: waiting 10 s more would pass the 30 s allowed"));
    }

    @Test
    void standard_outlastsAStormOfAMinuteAndEndsServerErrorsSoon() {
        RetrySpec unlucky = RetrySpec.standard().random(() -> BackoffTest.share(0));
        assertThat(waits(unlucky, ErrorKind.RATE_LIMITED)).isGreaterThan(ofMinutes(2));
        RetrySpec slowest = RetrySpec.standard().random(() -> BackoffTest.share(1));
        assertThat(waits(slowest, ErrorKind.RATE_LIMITED)).isLessThan(ofMinutes(6));
        assertThat(waits(slowest, ErrorKind.SERVER_ERROR)).isLessThan(ofSeconds(10));
    }

    private static Duration waits(RetrySpec spec, ErrorKind kind) {
        RetryBudget budget = new RetryBudget(spec);
        Duration elapsed = ZERO;
        while (budget.failed(error(kind), elapsed) instanceof Verdict.Again again) {
            elapsed = elapsed.plus(again.delay());
        }
        return elapsed;
    }
}
