using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Training;

namespace SslOrleans.Learning.Tests.Training;

/// <summary>What changes in a method's state fits in a message, or is refused by the keys that decide it.</summary>
public sealed class StateUpdateSizeTests
{
    [Fact]
    public void Rows_of_queues_and_banks_count_for_every_image_and_values_once()
    {
        StateSpec[] state = [new("queue", StateKind.Queue, [4096, 128]), new("bank", StateKind.Bank, [-1, 64]), new("centre", StateKind.Value, [1, 1000])];
        Assert.Equal(4 * ((256 * 128) + (256 * 64) + 1000), StateUpdateSize.Of(state, 256));
        Assert.Equal((4 * 6) + (8 * 2), StateUpdateSize.Of(new StateUpdate([new StateChange("bank", new float[6], [7, 9])])));
    }

    [Fact]
    public void A_queue_whose_keys_pass_the_bound_is_refused_before_a_worker_is_asked()
    {
        // 4,096 keys of 8,192 values: 134 MB.
        var error = Assert.Throws<UserErrorException>(() => RecipeTrial.Run(Moco(4096)));
        Assert.Equal(
            "A step changes 134 MB of the state of mocov1, and at most 67 MB fit in a message; make batch.effective (4096) or the last width of projector.shape (16-8192) smaller.",
            error.Message);
        Assert.Equal("mocov1", RecipeTrial.Run(Moco(1024)).Method.GetType().Name.ToLowerInvariant());
    }

    private static Recipe Moco(int effective) => RecipeReader.Parse(
        $$"""
        {
          "method": "mocov1", "backbone": { "name": "conv4" }, "projector": { "shape": "16-8192" }, "loss": { "queue": 16384 },
          "batch": { "effective": {{effective}}, "micro": 64 }, "views": [{ "count": 2 }]
        }
        """);
}
