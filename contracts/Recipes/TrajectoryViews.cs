namespace SslOrleans.Contracts.Recipes;

/// <summary>What the views of a recipe of trajectories mean together.</summary>
public static class TrajectoryViews
{
    /// <summary>K, actions of a sample: those of its view of kind action; 0 without one.</summary>
    public static int Steps(Recipe recipe) => recipe.Views.Where(v => v.Kind == ViewKind.Action).Select(v => v.Action.Steps).FirstOrDefault();

    /// <summary>Actions that there are; without a view of kind action any number is taken.</summary>
    public static int Kinds(Recipe recipe) => recipe.Views.Where(v => v.Kind == ViewKind.Action).Select(v => v.Action.Kinds).FirstOrDefault(int.MaxValue);

    /// <summary>Frames of one observation: those of the first view that are not behind an action.</summary>
    public static int Stack(Recipe recipe) => recipe.Views[0].Clip.Frames - Steps(recipe);
}
