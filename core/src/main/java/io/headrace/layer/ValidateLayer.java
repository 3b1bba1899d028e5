package io.headrace.layer;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.ErrorText;
import io.headrace.Layer;
import io.headrace.cache.SeveralAnswers;
import io.headrace.observe.CarefulMeter;
import io.headrace.observe.Meter;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Turns down answers that a {@link Validator} finds bad: the call fails with {@link ErrorKind#INVALID_ANSWER}, transient, {@link
 * Delivery#ANSWERED}, with the request id, usage and cost of the answer. A retry layer outside then asks again, unless the answer is {@linkplain
 * #truncated cut off}. Several answers to one call are judged one by one, as when they are read from a cache; one bad answer turns all down.
 *
 * <p>If the validator returns null, overflows the stack or lacks a class, asking again would not help: the call fails with an {@code
 * IllegalStateException}.
 */
public final class ValidateLayer<Q, R> implements Layer<Q, R> {

    private static final String CUT =
            "; it is cut off, as another try would be: raise the limit of its length (maxOutputTokens), or ask for less";

    private final Validator<? super R> validator;
    private final Meter<? super Q, ? super R> meter;
    private final SeveralAnswers<Q, R> several;
    private final Predicate<? super R> truncated;
    private final Function<? super Q, String> about;

    private ValidateLayer(
            Validator<? super R> validator,
            Meter<? super Q, ? super R> meter,
            SeveralAnswers<Q, R> several,
            Predicate<? super R> truncated,
            Function<? super Q, String> about) {
        this.validator = Objects.requireNonNull(validator, "validator");
        this.meter = CarefulMeter.of(meter);
        this.several = Objects.requireNonNull(several, "several");
        this.truncated = Objects.requireNonNull(truncated, "truncated");
        this.about = Objects.requireNonNull(about, "about");
    }

    /**
     * @param meter reads off a bad answer what it used and cost
     */
    public static <Q, R> ValidateLayer<Q, R> of(Validator<? super R> validator, Meter<? super Q, ? super R> meter) {
        return new ValidateLayer<>(validator, meter, SeveralAnswers.none(), answer -> false, request -> "");
    }

    /** The same layer, whose error begins with what {@code about} says of the request, see {@link CallStack#about}. */
    public ValidateLayer<Q, R> about(Function<? super Q, String> about) {
        return new ValidateLayer<>(validator, meter, several, truncated, about);
    }

    /**
     * The same layer, which knows answers that are cut off at a limit of their length. Another try would very likely end there
     * too and cost as much: a bad one of them is not transient. Default none.
     */
    public ValidateLayer<Q, R> truncated(Predicate<? super R> truncated) {
        return new ValidateLayer<>(validator, meter, several, truncated, about);
    }

    /** The same layer, for requests that may ask for several answers at once. */
    public ValidateLayer<Q, R> several(SeveralAnswers<Q, R> several) {
        return new ValidateLayer<>(validator, meter, several, truncated, about);
    }

    @Override
    public Call<Q, R> around(Call<Q, R> next) {
        Objects.requireNonNull(next, "next");
        return request -> Mono.defer(() -> next.apply(request)).flatMap(answer -> judge(request, answer));
    }

    private Mono<R> judge(Q request, R answer) {
        List<R> each = several.count(request) == 1 ? List.of(answer) : several.split(answer);
        for (R one : each) {
            Optional<String> problem;
            RuntimeException thrown = null;
            try {
                problem = Judgement.of(validator, one);
            } catch (Judgement.BrokenValidator e) {
                return Mono.error(e);
            } catch (RuntimeException e) {
                problem = Optional.of(ErrorText.of(e));
                thrown = e;
            }
            if (problem.isPresent()) {
                return Mono.error(invalid(request, answer, problem.get(), truncated.test(one), thrown));
            }
        }
        return Mono.just(answer);
    }

    /**
     * @param answer all that is paid for
     * @param isCut whether what was turned down is cut off
     */
    private ApiException invalid(
            Q request, R answer, String problem, boolean isCut, @Nullable RuntimeException thrown) {
        String id = meter.requestId(answer);
        return ApiException.builder(
                        ErrorKind.INVALID_ANSWER,
                        About.prefix(about, request) + "the answer was turned down: " + problem + (isCut ? CUT : ""))
                .delivery(Delivery.ANSWERED)
                .isTransient(!isCut)
                .requestId(id.isEmpty() ? null : id)
                .usage(meter.usage(answer))
                .cost(meter.cost(answer))
                .cause(thrown)
                .build();
    }
}
