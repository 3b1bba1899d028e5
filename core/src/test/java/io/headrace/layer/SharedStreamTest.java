package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import io.headrace.cache.InMemoryCache;
import io.headrace.model.ChatCollector;
import io.headrace.model.ChatDelta;
import io.headrace.model.ChatDelta.End;
import io.headrace.model.ChatDelta.Finish;
import io.headrace.model.ChatDelta.Text;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.FinishReason;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

/** Streams in single flight: who leads, who follows, who leaves and who is slow. */
class SharedStreamTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final ChatRequest REQUEST =
            ChatRequest.builder("gpt-4o").user("Hi").maxOutputTokens(10).build();
    private static final Finish FINISH = new Finish(0, FinishReason.STOP, "stop");
    private static final End END = new End("id", "gpt-4o", Usage.of(3, 2), "req", "");

    private final Sinks.Many<ChatDelta> source = Sinks.many().unicast().onBackpressureBuffer();
    private final InMemoryCache cache = InMemoryCache.create();
    private final StreamingScript script = new StreamingScript(source.asFlux(), stream("again"));
    private final Call<ChatRequest, ChatResponse> call =
            CallStack.chat(script).noRetry().cache(cache).build();
    private final ChatStream streaming = ChatStream.of(call);
    private final List<Object> leader = new CopyOnWriteArrayList<>();
    private final List<Object> follower = new CopyOnWriteArrayList<>();

    private static Flux<ChatDelta> stream(String text) {
        return Flux.just(new Text(0, text), FINISH, END);
    }

    private void write(ChatDelta... deltas) {
        for (ChatDelta delta : deltas) {
            source.tryEmitNext(delta);
        }
    }

    private void end() {
        write(FINISH, END);
        source.tryEmitComplete();
    }

    private Disposable lead() {
        return streaming.texts(REQUEST).subscribe(leader::add, leader::add, () -> leader.add("end"));
    }

    private Disposable follow() {
        return streaming.texts(REQUEST).subscribe(follower::add, follower::add, () -> follower.add("end"));
    }

    private void nothingRemains() {
        assertThat(Flights.of(cache).inFlight).isEmpty();
    }

    /** A leader that takes what it asks for. */
    private final class Slow extends BaseSubscriber<String> {

        @Override
        protected void hookOnSubscribe(org.reactivestreams.Subscription subscription) {}

        @Override
        protected void hookOnNext(String text) {
            leader.add(text);
        }

        @Override
        protected void hookOnComplete() {
            leader.add("end");
        }
    }

    @Test
    void streamingFollower_getsTheWholeAnswerReplayed() {
        lead();
        follow();
        write(new Text(0, "a"), new Text(0, "b"));
        assertThat(leader).containsExactly("a", "b");
        assertThat(follower).isEmpty();
        end();
        assertThat(leader).containsExactly("a", "b", "end");
        assertThat(follower).containsExactly("ab", "end");
        assertThat(script.subscribed).hasValue(1);
        nothingRemains();
    }

    @Test
    void followerThatDoesNotStream_getsTheAnswer_andOneThatStreamsFromAWholeOneToo() {
        lead();
        call.apply(REQUEST).subscribe(answer -> follower.add(answer.text()));
        write(new Text(0, "a"));
        end();
        assertThat(follower).containsExactly("a");
    }

    @Test
    void leaderThatLeaves_getsNothingMore_andDoesNotStallTheFlight() {
        Disposable leaving = lead();
        follow();
        write(new Text(0, "a"));
        leaving.dispose();
        write(new Text(0, "b"));
        end();
        assertThat(leader).containsExactly("a");
        assertThat(follower).containsExactly("ab", "end");
        assertThat(script.cancelled).hasValue(0);
        nothingRemains();
    }

    @Test
    void leaderThatLeavesWithADeltaNotTaken_doesNotStallTheFlight() {
        Slow slow = new Slow();
        streaming.texts(REQUEST).subscribe(slow);
        slow.request(1);
        write(new Text(0, "a"), new Text(0, "b"));
        follow();
        slow.cancel();
        write(new Text(0, "c"));
        end();
        assertThat(follower).containsExactly("abc", "end");
    }

    @Test
    void slowLeader_holdsUpTheCallAsLongAsHeIsAlone() {
        Slow slow = new Slow();
        streaming.texts(REQUEST).subscribe(slow);
        slow.request(1);
        write(new Text(0, "a"), new Text(0, "b"), new Text(0, "c"), new Text(0, "d"));
        assertThat(script.given.get()).isLessThan(4);
        slow.request(1);
        assertThat(leader).containsExactly("a", "b");
    }

    @Test
    void slowLeader_doesNotHoldUpFollowers_andStillGetsEverything() {
        Slow slow = new Slow();
        streaming.texts(REQUEST).subscribe(slow);
        slow.request(1);
        write(new Text(0, "a"));
        follow();
        write(new Text(0, "b"), new Text(0, "c"));
        end();
        assertThat(follower).containsExactly("abc", "end");
        assertThat(leader).containsExactly("a");
        slow.request(1);
        assertThat(leader).containsExactly("a", "b");
        slow.request(Long.MAX_VALUE);
        assertThat(leader).containsExactly("a", "b", "c", "end");
        nothingRemains();
    }

    @Test
    void streamThatBreaksOffForTheLeader_isAskedForAgainByHisFollowers() {
        lead();
        follow();
        write(new Text(0, "a"));
        source.tryEmitError(Script.error(ErrorKind.TRANSPORT));
        assertThat(leader).hasSize(2).first().isEqualTo("a");
        assertThat(follower).containsExactly("again", "end");
        assertThat(script.subscribed).hasValue(2);
        nothingRemains();
    }

    @Test
    void leaderThatLeft_doesNotKeepTheRetriesFromAskingAgain() {
        Call<ChatRequest, ChatResponse> retrying = CallStack.chat(script)
                .retry(RetrySpec.fixedDelay(3, Duration.ZERO))
                .cache(cache)
                .build();
        Disposable leaving = ChatStream.of(retrying).texts(REQUEST).subscribe(leader::add);
        retrying.apply(REQUEST).subscribe(answer -> follower.add(answer.text()));
        write(new Text(0, "a"));
        leaving.dispose();
        source.tryEmitError(Script.error(ErrorKind.TRANSPORT));
        assertThat(leader).containsExactly("a");
        assertThat(follower).containsExactly("again");
    }

    @Test
    void cancelOfTheOnlyStream_cancelsTheCall() {
        Disposable only = lead();
        write(new Text(0, "a"));
        only.dispose();
        assertThat(script.cancelled).hasValue(1);
        nothingRemains();
    }

    @Test
    void collectedAnswer_isTheSameForAll() {
        lead();
        Sinks.One<ChatResponse> collected = Sinks.one();
        ChatCollector.collect(streaming.apply(REQUEST)).subscribe(collected::tryEmitValue);
        write(new Text(0, "a"), new Text(0, "b"));
        end();
        StepVerifier.create(collected.asMono().zipWith(call.apply(REQUEST)))
                .assertNext(both -> assertThat(both.getT1()).isEqualTo(both.getT2()))
                .expectComplete()
                .verify(SOON);
    }
}
