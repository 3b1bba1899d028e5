package io.headrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;
import reactor.util.context.Context;

class RelayTest {

    private final List<String> heard = new ArrayList<>();

    /** Notes what it hears. */
    private class Noting extends Relay<String> {

        @Override
        protected Context inside(Context outside) {
            return outside.put("inside", true);
        }

        @Override
        protected void starting() {
            heard.add("starting");
        }

        @Override
        protected void notStarted() {
            heard.add("not started");
        }

        @Override
        protected void answered(String answer) {
            heard.add("answered " + answer);
        }

        @Override
        protected @Nullable Throwable completed() {
            heard.add("completed");
            return null;
        }

        @Override
        protected Throwable failed(Throwable error) {
            heard.add("failed " + error.getMessage());
            return error;
        }

        @Override
        protected void cancelled() {
            heard.add("cancelled");
        }
    }

    private Call<String, String> around(Call<String, String> call) {
        return Relay.around(call, (request, context) -> new Noting());
    }

    @Test
    void answer_isHeardOnceBeforeTheSubscriberSeesIt() {
        StepVerifier.create(around(Mono::just).apply("a").doOnNext(answer -> heard.add("seen")))
                .expectNext("a")
                .verifyComplete();

        assertThat(heard).containsExactly("starting", "answered a", "seen");
    }

    @Test
    void completionWithoutAnswer_passes() {
        StepVerifier.create(around(request -> Mono.empty()).apply("a")).verifyComplete();

        assertThat(heard).containsExactly("starting", "completed");
    }

    @Test
    void errorInPlaceOfCompletion_isWhatTheSubscriberSees() {
        Relay.Factory<String, String> strict = (request, context) -> new Noting() {
            @Override
            protected Throwable completed() {
                return new IllegalStateException("no answer");
            }
        };

        StepVerifier.create(Relay.<String, String>around(request -> Mono.empty(), strict)
                        .apply("a"))
                .verifyErrorMessage("no answer");
    }

    @Test
    void error_isHeardAndCanBeReplaced() {
        Relay.Factory<String, String> explaining = (request, context) -> new Noting() {
            @Override
            protected Throwable failed(Throwable error) {
                super.failed(error);
                return new IllegalStateException("meaning", error);
            }
        };

        StepVerifier.create(Relay.<String, String>around(
                                request -> Mono.error(new IllegalArgumentException("raw")), explaining)
                        .apply("a"))
                .verifyErrorMessage("meaning");
        assertThat(heard).containsExactly("starting", "failed raw");
    }

    @Test
    void callThatThrows_isAnErrorOfTheCall() {
        StepVerifier.create(around(request -> {
                            throw new IllegalArgumentException("thrown");
                        })
                        .apply("a"))
                .verifyErrorMessage("thrown");

        assertThat(heard).containsExactly("starting", "failed thrown");
    }

    @Test
    void fatalErrorOfTheCall_isHeardAndThrownOn() {
        Mono<String> answer = around(request -> {
                    throw new StackOverflowError("deep");
                })
                .apply("a");

        assertThatThrownBy(() -> answer.subscribe()).isInstanceOf(StackOverflowError.class);
        assertThat(heard).containsExactly("starting", "failed deep");
    }

    @Test
    void cancel_isHeardOnceAfterTheCallHasHeardOfIt() {
        Call<String, String> call =
                around(request -> Mono.<String>never().doOnCancel(() -> heard.add("call cancelled")));
        Disposable waiting = call.apply("a").subscribe();

        waiting.dispose();
        waiting.dispose();

        assertThat(heard).containsExactly("starting", "call cancelled", "cancelled");
    }

    @Test
    void cancelBehindTheAnswer_isNotHeard() {
        StepVerifier.create(around(request -> Flux.just("a", "b")
                                .next()
                                .concatWith(Mono.never())
                                .next())
                        .apply("a"))
                .expectNext("a")
                .thenCancel()
                .verify();

        assertThat(heard).containsExactly("starting", "answered a");
    }

    @Test
    void answerBehindACancel_isNotHeard() {
        TestPublisher<String> late = TestPublisher.createNoncompliant(TestPublisher.Violation.CLEANUP_ON_TERMINATE);
        StepVerifier.create(around(request -> Mono.fromDirect(late)).apply("a"))
                .thenCancel()
                .verify();

        late.next("late");

        assertThat(heard).containsExactly("starting", "cancelled");
    }

    @Test
    void startThatThrows_sendsNothingAndHearsNoEnd() {
        Relay.Factory<String, String> broken = (request, context) -> new Noting() {
            @Override
            protected void starting() {
                throw new IllegalStateException("cannot be noted");
            }
        };
        AtomicInteger sent = new AtomicInteger();

        StepVerifier.create(Relay.<String, String>around(
                                request -> {
                                    sent.incrementAndGet();
                                    return Mono.just("a");
                                },
                                broken)
                        .apply("a"))
                .verifyErrorMessage("cannot be noted");
        assertThat(heard).containsExactly("not started");
        assertThat(sent).hasValue(0);
    }

    @Test
    void whatIsThrownAboutAnAnswer_endsTheCallInItsPlace() {
        Relay.Factory<String, String> broken = (request, context) -> new Noting() {
            @Override
            protected void answered(String answer) {
                throw new IllegalStateException("broken");
            }
        };
        TestPublisher<String> call = TestPublisher.create();

        StepVerifier.create(Relay.<String, String>around(request -> call.mono(), broken)
                        .apply("a"))
                .then(() -> call.emit("a"))
                .verifyErrorMessage("broken");
        assertThat(heard).containsExactly("starting");
    }

    @Test
    void fatalErrorAboutAnAnswer_endsTheCallToo() {
        Relay.Factory<String, String> broken = (request, context) -> new Noting() {
            @Override
            protected void answered(String answer) {
                throw new LinkageError("broken");
            }
        };

        StepVerifier.create(Relay.<String, String>around(Mono::just, broken).apply("a"))
                .expectErrorSatisfies(error -> assertThat(error).isInstanceOf(LinkageError.class))
                .verify(Duration.ofSeconds(20));
    }

    @Test
    void whatIsThrownAboutAnError_isAddedToIt() {
        Relay.Factory<String, String> broken = (request, context) -> new Noting() {
            @Override
            protected Throwable failed(Throwable error) {
                throw new IllegalStateException("broken");
            }
        };

        StepVerifier.create(Relay.<String, String>around(
                                request -> Mono.<String>never().timeout(Duration.ofMillis(1)), broken)
                        .apply("a"))
                .expectErrorSatisfies(error -> assertThat(error)
                        .isInstanceOf(TimeoutException.class)
                        .hasSuppressedException(new IllegalStateException("broken")))
                .verify(Duration.ofSeconds(20));
    }

    @Test
    void whatIsThrownAboutACompletion_isTheEnd() {
        Relay.Factory<String, String> broken = (request, context) -> new Noting() {
            @Override
            protected Throwable completed() {
                throw new IllegalStateException("broken");
            }
        };
        Mono<String> empty = Mono.<String>empty().publishOn(Schedulers.parallel());

        StepVerifier.create(
                        Relay.<String, String>around(request -> empty, broken).apply("a"))
                .expectErrorMessage("broken")
                .verify(Duration.ofSeconds(20));
    }

    @Test
    void signalsBehindTheEnd_areDropped() {
        TestPublisher<String> rude = TestPublisher.createNoncompliant(TestPublisher.Violation.CLEANUP_ON_TERMINATE);
        List<String> seen = new ArrayList<>();
        around(request -> Mono.fromDirect(rude)).apply("a").subscribe(new CoreSubscriber<>() {
            @Override
            public void onSubscribe(Subscription subscription) {
                subscription.request(Long.MAX_VALUE);
            }

            @Override
            public void onNext(String answer) {
                seen.add(answer);
            }

            @Override
            public void onError(Throwable error) {
                seen.add(error.getMessage());
            }

            @Override
            public void onComplete() {
                seen.add("complete");
            }
        });

        rude.next("a");
        rude.complete();
        rude.complete();
        rude.next("b");
        rude.error(new IllegalStateException("late"));

        assertThat(seen).containsExactly("a", "complete");
        assertThat(heard).containsExactly("starting", "answered a");
    }

    @Test
    void cancelThatThrowsInTheCall_isHeard() {
        Call<String, String> call = around(request -> new Mono<>() {
            @Override
            public void subscribe(CoreSubscriber<? super String> actual) {
                actual.onSubscribe(new Subscription() {
                    @Override
                    public void request(long n) {}

                    @Override
                    public void cancel() {
                        throw new IllegalStateException("cannot be cancelled");
                    }
                });
            }
        });
        Disposable waiting = call.apply("a").subscribe();

        assertThatThrownBy(waiting::dispose).hasMessage("cannot be cancelled");
        assertThat(heard).containsExactly("starting", "cancelled");
    }

    @Test
    void demand_passes() {
        StepVerifier.create(around(Mono::just).apply("a"), 0)
                .then(() -> assertThat(heard).containsExactly("starting"))
                .thenRequest(1)
                .expectNext("a")
                .verifyComplete();
    }

    @Test
    void context_reachesTheCallAsTheRelaySays() {
        StepVerifier.create(around(request -> Mono.deferContextual(
                                context -> Mono.just(context.get("outside") + " " + context.get("inside"))))
                        .apply("a")
                        .contextWrite(context -> context.put("outside", 1)))
                .expectNext("1 true")
                .verifyComplete();
    }

    @Test
    void eachSubscription_hasARelayOfItsOwn() {
        Mono<String> answer = around(Mono::just).apply("a");

        StepVerifier.create(answer).expectNext("a").verifyComplete();
        StepVerifier.create(answer).expectNext("a").verifyComplete();

        assertThat(heard).containsExactly("starting", "answered a", "starting", "answered a");
    }

    @Test
    void cancelThatRacesWithTheAnswer_endsOnce() {
        for (int i = 0; i < 2_000; i++) {
            AtomicInteger ends = new AtomicInteger();
            Relay.Factory<String, String> counting = (request, context) -> new Relay<>() {
                @Override
                protected void answered(String answer) {
                    ends.incrementAndGet();
                }

                @Override
                protected @Nullable Throwable completed() {
                    ends.incrementAndGet();
                    return null;
                }

                @Override
                protected Throwable failed(Throwable error) {
                    ends.incrementAndGet();
                    return error;
                }

                @Override
                protected void cancelled() {
                    ends.incrementAndGet();
                }
            };
            TestPublisher<String> call = TestPublisher.create();
            Disposable waiting = Relay.<String, String>around(request -> call.mono(), counting)
                    .apply("a")
                    .subscribe();

            Mono.when(
                            Mono.fromRunnable(() -> call.emit("a")).subscribeOn(Schedulers.parallel()),
                            Mono.fromRunnable(waiting::dispose).subscribeOn(Schedulers.parallel()))
                    .block();

            assertThat(ends).hasValue(1);
        }
    }
}
