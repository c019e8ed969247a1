using SslOrleans.Learning.Training;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests.Training;

/// <summary>What a lane's threads compute with is the recipe's, whatever the rest of the process does.</summary>
public sealed class LaneTests
{
    [Fact]
    public async Task A_meetings_thread_keeps_the_recipes_number_of_threads_when_another_one_sets_its_own()
    {
        var recipe = SmallRun.Recipe("simclr");
        using var lane = new Lane("lane");
        using var replica = await lane.Open(() => new Replica(recipe, CPU));
        var before = get_num_threads();
        try
        {
            // The thread is prepared, and has computed nothing yet.
            var found = await lane.RunMeeting(() =>
            {
                var other = new Thread(() => set_num_threads(3));
                other.Start();
                other.Join();
                return get_num_threads();
            });
            Assert.Equal((1, recipe.Workers.ThreadsPerWorker), (found, 1));
        }
        finally
        {
            set_num_threads(before);
        }
    }
}
