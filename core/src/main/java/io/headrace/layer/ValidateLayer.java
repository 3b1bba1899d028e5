package io.headrace.layer;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Layer;
import io.headrace.cache.SeveralAnswers;
import io.headrace.observe.Meter;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Turns an answer down that its {@link Validator} finds bad: the call fails with {@link ErrorKind#INVALID_ANSWER}, transient,
 * {@link Delivery#ANSWERED}, with the usage and cost of the answer, which is paid for. A retry layer outside then asks again. Of
 * several answers to one call each is judged by itself, as it is when it is read from a cache; a bad one turns all of them down.
 *
 * <p>A validator that returns null, overflows the stack or misses a class has judged nothing: asking again would not help, and the
 * call fails with an {@code IllegalStateException} that says so.
 */
public final class ValidateLayer<Q, R> implements Layer<Q, R> {

    private final Validator<? super R> validator;
    private final Meter<? super Q, ? super R> meter;
    private final SeveralAnswers<Q, R> several;
    private final Function<? super Q, String> about;

    private ValidateLayer(
            Validator<? super R> validator,
            Meter<? super Q, ? super R> meter,
            SeveralAnswers<Q, R> several,
            Function<? super Q, String> about) {
        this.validator = Objects.requireNonNull(validator, "validator");
        this.meter = Objects.requireNonNull(meter, "meter");
        this.several = Objects.requireNonNull(several, "several");
        this.about = Objects.requireNonNull(about, "about");
    }

    /**
     * @param meter reads off a bad answer what it used and cost
     */
    public static <Q, R> ValidateLayer<Q, R> of(Validator<? super R> validator, Meter<? super Q, ? super R> meter) {
        return new ValidateLayer<>(validator, meter, SeveralAnswers.none(), request -> "");
    }

    /** The same layer, whose error begins with what {@code about} says of the request, see {@link CallStack#about}. */
    public ValidateLayer<Q, R> about(Function<? super Q, String> about) {
        return new ValidateLayer<>(validator, meter, several, about);
    }

    /** The same layer, for requests that may ask for several answers at once. */
    public ValidateLayer<Q, R> several(SeveralAnswers<Q, R> several) {
        return new ValidateLayer<>(validator, meter, several, about);
    }

    @Override
    public Call<Q, R> around(Call<Q, R> next) {
        Objects.requireNonNull(next, "next");
        return request -> Mono.defer(() -> next.apply(request)).flatMap(answer -> judge(request, answer));
    }

    private Mono<R> judge(Q request, R answer) {
        List<R> each = several.count(request) == 1 ? List.of(answer) : several.split(answer);
        Optional<String> problem = Optional.empty();
        RuntimeException thrown = null;
        try {
            for (int i = 0; i < each.size() && problem.isEmpty(); i++) {
                problem = Judgement.of(validator, each.get(i));
            }
        } catch (Judgement.BrokenValidator e) {
            return Mono.error(e);
        } catch (RuntimeException e) {
            problem = Optional.of(e.toString());
            thrown = e;
        }
        return problem.isEmpty() ? Mono.just(answer) : Mono.error(invalid(request, answer, problem.get(), thrown));
    }

    private ApiException invalid(Q request, R answer, String problem, @Nullable RuntimeException thrown) {
        return ApiException.builder(
                        ErrorKind.INVALID_ANSWER,
                        About.prefix(about, request) + "the answer was turned down: " + problem)
                .delivery(Delivery.ANSWERED)
                .usage(meter.usage(answer))
                .cost(meter.cost(answer))
                .cause(thrown)
                .build();
    }
}
