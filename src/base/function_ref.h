// A view of something callable: what a function takes that calls back only while it runs.
//
//   void feed(std::string_view chunk, FunctionRef<void(const Event&)> on_event);
//
// Two pointers, never allocates. It must not outlive the callable, so it is
// for parameters only.
//
// Not here: callables that are kept (std::function, std::move_only_function).
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace tokometer {

template <typename Signature>
class FunctionRef;

template <typename R, typename... Args>
class FunctionRef<R(Args...)> {
 public:
  template <typename Callable>
    requires(!std::same_as<std::remove_cvref_t<Callable>, FunctionRef> &&
             std::is_object_v<std::remove_reference_t<Callable>> && std::is_invocable_r_v<R, Callable&, Args...>)
  // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): the constraint leaves the copy constructor alone.
  FunctionRef(Callable&& callable)
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* object, Args... args) -> R {
          return std::invoke(*static_cast<std::remove_reference_t<Callable>*>(object), std::forward<Args>(args)...);
        }) {}

  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

}  // namespace tokometer
